/* What the machine is: fit for the server or not, and what is left of an earlier installation. */
#include "doctor/check.h"

#include "base/clock.h"
#include "host/facts.h"
#include "host/paths.h"
#include "units/units.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MIB (1024 * 1024ull)
#define MEMORY_MIN (512 * MIB)   /* the daemons, nginx, redis and the system itself */
#define MEMORY_GOOD (1024 * MIB) /* and rooms */
#define DISK_MIN (100 * MIB)     /* certificates, generations, redis' file */
#define DISK_GOOD (1024 * MIB)   /* and the logs of some days */
#define INODES_MIN 1000
#define CLOCK_LEEWAY_S 3600

static void check_distribution(struct check_context *x)
{
    static const char *const tested[][2] = {{"debian", "12"}, {"debian", "13"}};
    struct os_release o;

    if (os_release_read(&o) < 0) {
        found(x, SEVERITY_UNKNOWN,
              "There is no /etc/os-release, so this distribution is unknown. "
              "Supported are Debian 12 and 13.");
        return;
    }
    for (size_t i = 0; i < sizeof(tested) / sizeof(tested[0]); i++)
        if (strcmp(o.id, tested[i][0]) == 0 && strcmp(o.version, tested[i][1]) == 0)
            return;
    if (os_release_is(&o, "debian") || os_release_is(&o, "rhel") || os_release_is(&o, "fedora"))
        found(x, SEVERITY_NOTE,
              "%s is of a family that the packages are made for, but was not tested. "
              "Tested are Debian 12 and 13.",
              o.name);
    else
        found(x, SEVERITY_WARNING,
              "%s is not supported: there are no packages for it. Supported are Debian 12 and 13, "
              "and their relatives.",
              o.name);
}

static void check_architecture(struct check_context *x)
{
    struct utsname u;

    if (uname(&u) == 0 && strcmp(u.machine, "x86_64") != 0 && strcmp(u.machine, "aarch64") != 0)
        found(x, SEVERITY_WARNING,
              "This is a %s machine. Visavis was tested on x86_64 and is meant for that and "
              "aarch64.",
              u.machine);
}

static void check_cpu(struct check_context *x)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    char *text;
    size_t len;

    if (n == 1)
        found(x, SEVERITY_NOTE,
              "There is one CPU core. It limits how many streams can be forwarded: media uses a "
              "worker per core, and shares this one with everything else.");
    if (fact_text("/proc/cpuinfo", 1 << 20, &text, &len) < 0)
        return;
    if (strstr(text, "\nflags") && !strstr(text, " aes "))
        found(x, SEVERITY_WARNING,
              "The CPU has no AES instructions (a virtual machine may hide them), so encrypting "
              "media costs about ten times as much. Choose the CPU type `host` in the "
              "hypervisor.");
    free(text);
}

static void check_memory(struct check_context *x)
{
    char *text;
    size_t len;
    uint64_t total = 0, available = 0;

    if (fact_text("/proc/meminfo", 65536, &text, &len) < 0 ||
        fact_line_number(bytes_of(text, len), "MemTotal", &total) < 0 ||
        fact_line_number(bytes_of(text, len), "MemAvailable", &available) < 0) {
        found(x, SEVERITY_UNKNOWN, "/proc/meminfo cannot be read.");
        return;
    }
    free(text);
    total *= 1024;
    available *= 1024;
    if (total < MEMORY_MIN || available < MEMORY_MIN / 4)
        found(x, SEVERITY_WARNING,
              "%llu MiB of %llu MiB of memory are free. The kernel will end processes when calls "
              "need more; have %llu MiB at least.",
              (unsigned long long) (available / MIB), (unsigned long long) (total / MIB),
              (unsigned long long) (MEMORY_GOOD / MIB));
    else if (total < MEMORY_GOOD)
        found(x, SEVERITY_NOTE,
              "There are %llu MiB of memory: enough for some rooms. It limits the number of "
              "participants.",
              (unsigned long long) (total / MIB));
}

/* The folder itself, or the nearest above it that is there. */
static int stat_disk(const char *path, struct statvfs *ret)
{
    char copy[PATH_MAX];

    snprintf(copy, sizeof(copy), "%s", path);
    while (statvfs(copy, ret) < 0) {
        char *slash = strrchr(copy, '/');

        if (!slash)
            return -1;
        slash[slash == copy] = '\0';
        if (strcmp(copy, "/") == 0)
            return statvfs(copy, ret);
    }
    return 0;
}

static void check_disk(struct check_context *x)
{
    static const char *const folders[] = {"/var/lib/visavis", "/var/log", "/run"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[PATH_MAX];
        struct statvfs v;
        uint64_t left;
        /* /run is memory. */
        uint64_t good = i == 2 ? 8 * MIB : DISK_GOOD, least = i == 2 ? 2 * MIB : DISK_MIN;

        if (stat_disk(path_in_root(path, folders[i]), &v) < 0)
            continue;
        left = (uint64_t) v.f_bavail * v.f_frsize;
        if (left < good)
            found(x, left < least ? SEVERITY_FAILURE : SEVERITY_WARNING,
                  "The disk of %s has %llu MiB left, and should have %llu MiB: certificates, state "
                  "and logs cannot be written when it is full.",
                  folders[i], (unsigned long long) (left / MIB), (unsigned long long) (good / MIB));
        else if (v.f_files > 0 && v.f_favail < INODES_MIN)
            found(x, SEVERITY_FAILURE, "The disk of %s has room for %llu more files (inodes) only.",
                  folders[i], (unsigned long long) v.f_favail);
    }
}

/* ---- the clock ---- */

static int64_t changed_at(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (int64_t) st.st_mtime : 0;
}

static void check_clock(struct check_context *x)
{
    char path[PATH_MAX];
    const char *const files[] = {"/proc/self/exe", path_in_root(path, "/etc/os-release"),
                                 path_of(PATH_ENV)};
    int64_t now = (int64_t) (clock_wall_ms() / 1000);
    struct timex t = {.modes = 0};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        int64_t at = changed_at(files[i]);
        long long days = (at - now) / 86400 + 1;

        if (at <= now + CLOCK_LEEWAY_S)
            continue;
        found(x, SEVERITY_FAILURE,
              "The clock is wrong: it is %lld days behind the date of a file of this machine. "
              "Certificates and TURN passwords are valid for a time, so browsers will refuse them.",
              days);
        found_command(x, "timedatectl set-ntp true");
        return;
    }
    if (adjtimex(&t) >= 0 && t.status & STA_UNSYNC) {
        found(x, SEVERITY_NOTE,
              "The kernel does not know of a clock that is kept right over the network. A clock "
              "that is minutes off breaks certificates and TURN passwords.");
        found_command(x, "timedatectl set-ntp true");
    }
}

/* ---- what runs it ---- */

static void check_systemd(struct check_context *x)
{
    if (!units_available())
        found(x, SEVERITY_NOTE,
              "systemd is not process 1 here (a container?): `visavis run` supervises the server "
              "in the foreground instead of visavis.target.");
}

static void check_root(struct check_context *x)
{
    if (geteuid() == 0)
        return;
    found(x, x->preflight ? SEVERITY_WARNING : SEVERITY_NOTE,
          x->preflight ? "You are not root, which installing needs."
                       : "You are not root, so some checks cannot know.");
    found_command(x, "sudo visavis doctor%s", x->preflight ? " --preflight" : "");
}

/* ---- leftovers ---- */

static const struct {
    const char *process, *what, *unit;
} rivals[] = {
    {"kurento-media-s", "the media server Kurento", "kurento-media-server"},
    {"turnserver", "the TURN server coturn", "coturn"},
    {"janus", "the media server Janus", "janus"},
};

static void look_at_process(struct check_context *x, const char *pid)
{
    char path[64], *text;
    size_t len;

    snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
    if (fact_text(path, 256, &text, &len) < 0)
        return;
    text[strcspn(text, "\n")] = '\0';
    for (size_t i = 0; i < sizeof(rivals) / sizeof(rivals[0]); i++) {
        if (strcmp(text, rivals[i].process) != 0)
            continue;
        found(x, SEVERITY_WARNING,
              "%c%s runs (process %.16s), and uses the same kinds of ports. Visavis has its own.",
              rivals[i].what[0] & ~0x20, rivals[i].what + 1, pid);
        found_command(x, "systemctl disable --now %s", rivals[i].unit);
    }
    free(text);
    snprintf(path, sizeof(path), "/proc/%.16s/cmdline", pid);
    if (fact_text(path, 4096, &text, &len) < 0)
        return;
    for (size_t i = 0; i < len; i++)
        if (!text[i])
            text[i] = ' ';
    if (strstr(text, "openvidu-server.jar")) {
        found(x, SEVERITY_WARNING,
              "An OpenVidu server runs (process %.16s), perhaps in a container: it and Visavis "
              "want the same ports.",
              pid);
        found_command(x, "cd /opt/openvidu && ./openvidu stop");
    }
    free(text);
}

static void check_leftovers(struct check_context *x)
{
    char path[PATH_MAX];
    struct stat st;
    DIR *dir = opendir("/proc");
    struct dirent *e;

    while (dir && (e = readdir(dir)))
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
            look_at_process(x, e->d_name);
    if (dir)
        closedir(dir);
    if (stat(path_in_root(path, "/opt/openvidu/docker-compose.yml"), &st) == 0)
        found(x, SEVERITY_NOTE,
              "/opt/openvidu holds an installation of OpenVidu in containers. Visavis does not use "
              "it; its settings belong into /etc/visavis/.env now.");
}

static const struct check checks[] = {
    {.id = "system.distribution",
     .title = "is it a distribution that packages are made for",
     .fn = check_distribution,
     .flags = CHECK_ALWAYS},
    {.id = "system.architecture",
     .title = "is it a processor that is supported",
     .fn = check_architecture,
     .flags = CHECK_ALWAYS},
    {.id = "system.cpu",
     .title = "number of cores, AES instructions",
     .fn = check_cpu,
     .flags = CHECK_ALWAYS},
    {.id = "system.memory",
     .title = "memory, installed and free",
     .fn = check_memory,
     .flags = CHECK_ALWAYS},
    {.id = "system.disk",
     .title = "free room on the disks of state, logs and /run",
     .fn = check_disk,
     .flags = CHECK_ALWAYS},
    {.id = "system.clock",
     .title = "is the clock right, and kept right",
     .fn = check_clock,
     .flags = CHECK_ALWAYS},
    {.id = "system.systemd",
     .title = "is systemd process 1",
     .fn = check_systemd,
     .flags = CHECK_ALWAYS},
    {.id = "system.root",
     .title = "does the doctor run as root",
     .fn = check_root,
     .flags = CHECK_ALWAYS},
    {.id = "system.leftovers",
     .title = "OpenVidu in containers, other media and TURN servers",
     .fn = check_leftovers,
     .flags = CHECK_ALWAYS},
    {.id = NULL},
};

const struct check_group group_system = {"system", checks};
