#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 2048

static const char *program_name = "visavis";
static enum log_level max_level = LOG_LEVEL_INFO;

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};

void log_init(const char *program, enum log_level level)
{
    program_name = program;
    max_level = level;
}

static size_t write_prefix(char *line, size_t cap, enum log_level level)
{
    uint64_t now_ms = clock_wall_ms();
    time_t s = (time_t) (now_ms / 1000);
    struct tm tm;
    int n;

    if (getenv("JOURNAL_STREAM")) {
        n = snprintf(line, cap, "<%d>", level);
    } else {
        localtime_r(&s, &tm);
        n = snprintf(line, cap, "%02d:%02d:%02d.%03d %s %s: ", tm.tm_hour, tm.tm_min, tm.tm_sec,
                     (int) (now_ms % 1000), level_names[level], program_name);
    }
    return n > 0 ? (size_t) n : 0;
}

static void write_line(enum log_level level, const char *message)
{
    char line[LINE_MAX_LEN];
    size_t n = write_prefix(line, sizeof(line), level);

    for (const char *c = message; *c && n + 6 < sizeof(line); c++) {
        unsigned char byte = (unsigned char) *c;

        if (byte < 0x20 || byte == 0x7f)
            n += (size_t) snprintf(line + n, sizeof(line) - n, "\\x%02x", byte);
        else
            line[n++] = *c;
    }
    line[n++] = '\n';
    /* A log that cannot be written has no better place to complain. */
    if (write(STDERR_FILENO, line, n) < 0)
        return;
}

void log_write(enum log_level level, const char *fmt, ...)
{
    char message[LINE_MAX_LEN];
    va_list ap;

    if (level > max_level)
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

    if (level > max_level)
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
