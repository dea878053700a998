/* log.h: one line per event on stderr.
 * Under the journal a line starts with its level as "<n>" (sd-daemon(3)); anywhere else with the
 * time, the level's name and the program. Control characters in a message are shown as \xNN, so
 * text from outside cannot forge lines. Thread-safe: a line is one write. errno stays as it was. */
#pragma once

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

/* For what a stranger can cause: at most one line each interval, the next one tells how many were
 * left out. Make it static or a field; one thread only. */
struct log_limit {
    uint64_t interval_ms;
    uint64_t next_ms;
    uint64_t suppressed;
};

void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
