#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 2048
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static const char *program_name = "visavis";
static _Atomic(enum log_level) max_level = LOG_LEVEL_INFO;
static bool to_journal;
static int journal_fd = -1; /* for what has fields; -1: none */

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
    if (to_journal && journal_fd < 0)
        journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
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

/* Behind the first n bytes of line, with room for a line end left. Returns how long it is then. */
static size_t append_clean(char *line, size_t n, size_t cap, const char *message)
{
    bool c1 = false; /* the second byte of a control character U+0080 to U+009F */

    for (const char *c = message; *c && n + 10 < cap; c++) {
        unsigned char byte = (unsigned char) *c;
        unsigned char next = (unsigned char) c[1];
        bool starts_c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;

        if (byte < 0x20 || byte == 0x7f || starts_c1 || c1)
            n += (size_t) snprintf(line + n, cap - n, "\\x%02x", byte);
        else
            line[n++] = *c;
        c1 = starts_c1;
    }
    return n;
}

static void write_line(enum log_level level, const char *message)
{
    char line[LINE_MAX_LEN];
    size_t n = write_prefix(line, sizeof(line), level);
    int saved_errno = errno;

    n = append_clean(line, n, sizeof(line), message);
    line[n++] = '\n';
    /* A log that cannot be written has no better place to complain. */
    if (write(STDERR_FILENO, line, n) < 0)
        errno = saved_errno;
}

/* ---- lines with ids ---- */

#define ID_MAX 255
#define N_IDS 4

struct id {
    const char *word, *field, *value;
};

/* "[session S connection C] " */
static size_t put_ids(char *text, size_t cap, const struct id ids[static N_IDS])
{
    size_t n = 0;

    for (size_t i = 0; i < N_IDS; i++)
        if (ids[i].value && *ids[i].value)
            n += (size_t) snprintf(text + n, cap - n, "%s%s %.*s", n ? " " : "[", ids[i].word,
                                   ID_MAX, ids[i].value);
    if (n)
        n += (size_t) snprintf(text + n, cap - n, "] ");
    return n;
}

/* systemd's journal export format: fields of one line each, which cleaned text is. Only lines that
 * have ids go this way: of the last words of a process that ends the journal may not find out who
 * wrote them. */
static bool send_to_journal(enum log_level level, const struct id ids[static N_IDS],
                            const char *message)
{
    static const struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
    char text[4 * LINE_MAX_LEN]; /* all ids fit, of whatever bytes */
    size_t n;
    int r;

    r = snprintf(text, sizeof(text), "PRIORITY=%d\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=%s\n",
                 level, program_name);
    n = r > 0 ? (size_t) r : 0;
    for (size_t i = 0; i < N_IDS; i++) {
        char id[ID_MAX + 1];

        if (!ids[i].value || !*ids[i].value)
            continue;
        snprintf(id, sizeof(id), "%s", ids[i].value);
        n += (size_t) snprintf(text + n, sizeof(text) - n, "%s=", ids[i].field);
        n = append_clean(text, n, sizeof(text), id);
        text[n++] = '\n';
    }
    n += (size_t) snprintf(text + n, sizeof(text) - n, "MESSAGE=");
    n = append_clean(text, n, sizeof(text), message);
    text[n++] = '\n';
    /* When it is full, or not there, stderr is. */
    return sendto(journal_fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *) &to,
                  sizeof(to)) == (ssize_t) n;
}

void log_about_v(struct log_ids about, enum log_level level, const char *fmt, va_list ap)
{
    const struct id ids[N_IDS] = {
        {"session", "SESSION_ID", about.session},
        {"connection", "CONNECTION_ID", about.connection},
        {"stream", "STREAM_ID", about.stream},
        {"join", "JOIN_ID", about.join},
    };
    char message[LINE_MAX_LEN];
    int saved_errno = errno;
    size_t n;

    if (level > atomic_load_explicit(&max_level, memory_order_relaxed))
        return;
    n = put_ids(message, sizeof(message), ids);
    vsnprintf(message + n, sizeof(message) - n, fmt, ap);
    if (n == 0 || journal_fd < 0 || !send_to_journal(level, ids, message))
        write_line(level, message);
    errno = saved_errno;
}

void log_about(struct log_ids ids, enum log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_about_v(ids, level, fmt, ap);
    va_end(ap);
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

bool log_limit_passes(struct log_limit *limit)
{
    uint64_t now_ms = clock_ms();

    if (now_ms < limit->next_ms) {
        limit->suppressed++;
        return false;
    }
    limit->next_ms = now_ms + limit->interval_ms;
    return true;
}

void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
{
    char message[LINE_MAX_LEN];
    va_list ap;
    int n;

    if (level > atomic_load_explicit(&max_level, memory_order_relaxed))
        return;
    if (!log_limit_passes(limit))
        return;
    va_start(ap, fmt);
    n = vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    if (limit->suppressed > 0 && n >= 0 && (size_t) n < sizeof(message))
        snprintf(message + n, sizeof(message) - (size_t) n, " (%llu more like this suppressed)",
                 (unsigned long long) limit->suppressed);
    limit->suppressed = 0;
    write_line(level, message);
}
