/* log.h: one line per event on stderr.
 * Under the journal a line starts with its level as "<n>" (sd-daemon(3)); anywhere else with the
 * time, the level's name and the program. Control characters in a message are shown as \xNN, so
 * text from outside cannot forge lines. Thread-safe: a line is one write. errno stays as it was.
 *
 * Lines about a session, a participant and so on say so by log_about(): in brackets before the
 * text, and in the journal in fields as well, by which `visavis logs` finds them. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* "error", "warning", "notice", "info", "debug"; NULL ends the list. */
extern const char *const log_level_names[];

/* LOG_LEVEL_INFO for a name that is not in the list. */
enum log_level log_level_by_name(const char *name);

/* program must stay valid. Messages above level are dropped. Before this: "visavis", info. */
void log_init(const char *program, enum log_level level);

/* From now on, for all threads. */
void log_set_level(enum log_level level);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Whom a line is about; NULL or "": it says nothing of that. Ids alone: neither tokens nor secrets.
 */
struct log_ids {
    const char *session;
    const char *connection;
    const char *stream;
    const char *join; /* the same in all daemons, for one participant */
};

void log_about(struct log_ids ids, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void log_about_v(struct log_ids ids, enum log_level level, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/* For what a stranger can cause: at most one line each interval, the next one tells how many were
 * left out. Make it static or a field; one thread only. */
struct log_limit {
    uint64_t interval_ms;
    uint64_t next_ms;
    uint64_t suppressed;
};

/* May a line go now? Those that may not are counted. */
bool log_limit_passes(struct log_limit *limit);

void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
