#include "daemon/process.h"

#include "base/prom.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Those of proc_pid_stat(5) that we want, counted from the state (3), which follows the name in
 * parentheses. */
#define FIELD_STARTED (22 - 3)
#define FIELD_SIZE (23 - 3)
#define FIELD_RESIDENT (24 - 3)

static bool read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return false;
    n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* Word i of text, as a number. */
static uint64_t word(const char *text, unsigned i)
{
    uint64_t v = 0;

    for (; i > 0 && text; i--) {
        text = strchr(text, ' ');
        text += text ? 1 : 0;
    }
    for (; text && *text >= '0' && *text <= '9'; text++)
        v = v * 10 + (uint64_t) (*text - '0');
    return v;
}

/* Computed once: from two clocks it would come out a second off now and then. */
static int64_t started_s(uint64_t ticks_after_boot)
{
    static int64_t s;
    struct timespec since_boot;

    if (s == 0 && clock_gettime(CLOCK_BOOTTIME, &since_boot) == 0)
        s = (int64_t) time(NULL) - since_boot.tv_sec +
            (int64_t) (ticks_after_boot / (uint64_t) sysconf(_SC_CLK_TCK));
    return s;
}

static void put_stat(const struct prom *p)
{
    uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
    char stat[1024];
    const char *fields;

    if (!read_text("/proc/self/stat", stat, sizeof(stat)))
        return;
    fields = strrchr(stat, ')');
    if (!fields || strlen(fields) < 2)
        return;
    fields += 2;
    prom_gauge(p, "virtual_memory_bytes", "Size of the address space.",
               (int64_t) word(fields, FIELD_SIZE));
    prom_gauge(p, "resident_memory_bytes", "What of it is in memory.",
               (int64_t) (word(fields, FIELD_RESIDENT) * page));
    prom_gauge(p, "start_time_seconds", "When it was started, seconds since 1970.",
               started_s(word(fields, FIELD_STARTED)));
}

static void put_cpu(const struct prom *p)
{
    struct rusage used;

    if (getrusage(RUSAGE_SELF, &used) < 0)
        return;
    prom_head(p, "cpu_seconds_total", "counter", "Processor time, its own and the kernel's.");
    prom_seconds(p, "cpu_seconds_total", NULL,
                 (uint64_t) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
                     (uint64_t) (used.ru_utime.tv_usec + used.ru_stime.tv_usec));
}

static void put_descriptors(const struct prom *p)
{
    DIR *d = opendir("/proc/self/fd");
    const struct dirent *e;
    struct rlimit limit;
    int64_t n = -1; /* the folder's own */

    while (d && (e = readdir(d)))
        n += e->d_name[0] != '.';
    if (d) {
        closedir(d);
        prom_gauge(p, "open_fds", "Open file descriptors.", n);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        prom_gauge(p, "max_fds", "So many there may be.", (int64_t) limit.rlim_cur);
}

void process_figures(struct wr *w)
{
    const struct prom p = {w, "process_"};

    put_cpu(&p);
    put_stat(&p);
    put_descriptors(&p);
}
