#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 2048

static const char *program_name = "visavis";
static _Atomic(enum log_level) max_level = LOG_LEVEL_INFO;
static bool to_journal;

const char *const log_level_names[] = {"error", "warning", "notice", "info", "debug", NULL};

static const char *level_name(enum log_level level)
{
    return log_level_names[level - LOG_LEVEL_ERROR];
}

enum log_level log_level_by_name(const char *name)
{
    for (int i = 0; log_level_names[i]; i++)
        if (strcmp(log_level_names[i], name) == 0)
            return (enum log_level)(LOG_LEVEL_ERROR + i);
    return LOG_LEVEL_INFO;
}

/* The variable is inherited by everything that a service starts, also with its stderr elsewhere:
 * systemd.exec(5) says to compare. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long dev, ino;
    struct stat st;

    /* A number that does not fit matches no file. NOLINTNEXTLINE(cert-err34-c) */
    return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void log_init(const char *program, enum log_level level)
{
    to_journal = stderr_is_journal();
    program_name = program;
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&max_level, level, memory_order_relaxed);
}

static size_t write_prefix(char *line, size_t cap, enum log_level level)
{
    uint64_t now_ms = clock_wall_ms();
    time_t s = (time_t) (now_ms / 1000);
    struct tm tm;
    int n;

    if (to_journal) {
        n = snprintf(line, cap, "<%d>", level);
    } else {
        localtime_r(&s, &tm);
        n = snprintf(line, cap, "%02d:%02d:%02d.%03d %s %s: ", tm.tm_hour, tm.tm_min, tm.tm_sec,
                     (int) (now_ms % 1000), level_name(level), program_name);
    }
    return n > 0 ? (size_t) n : 0;
}

static void write_line(enum log_level level, const char *message)
{
    char line[LINE_MAX_LEN];
    size_t n = write_prefix(line, sizeof(line), level);
    int saved_errno = errno;
    bool c1 = false; /* the second byte of a control character U+0080 to U+009F */

    for (const char *c = message; *c && n + 10 < sizeof(line); c++) {
        unsigned char byte = (unsigned char) *c;
        unsigned char next = (unsigned char) c[1];
        bool starts_c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;

        if (byte < 0x20 || byte == 0x7f || starts_c1 || c1)
            n += (size_t) snprintf(line + n, sizeof(line) - n, "\\x%02x", byte);
        else
            line[n++] = *c;
        c1 = starts_c1;
    }
    line[n++] = '\n';
    /* A log that cannot be written has no better place to complain. */
    if (write(STDERR_FILENO, line, n) < 0)
        errno = saved_errno;
}

void log_write(enum log_level level, const char *fmt, ...)
{
    char message[LINE_MAX_LEN];
    va_list ap;

    if (level > atomic_load_explicit(&max_level, memory_order_relaxed))
        return;
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    write_line(level, message);
}

void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
{
    char message[LINE_MAX_LEN];
    uint64_t now_ms = clock_ms();
    va_list ap;
    int n;

    if (level > atomic_load_explicit(&max_level, memory_order_relaxed))
        return;
    if (now_ms < limit->next_ms) {
        limit->suppressed++;
        return;
    }
    va_start(ap, fmt);
    n = vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    if (limit->suppressed > 0 && n >= 0 && (size_t) n < sizeof(message))
        snprintf(message + n, sizeof(message) - (size_t) n, " (%llu more like this suppressed)",
                 (unsigned long long) limit->suppressed);
    limit->suppressed = 0;
    limit->next_ms = now_ms + limit->interval_ms;
    write_line(level, message);
}
