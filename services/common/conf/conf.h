/* conf.h: a daemon's configuration file, read with libconfig by a table of keys.
 *
 * The struct is first filled with defaults, then with what the file says. All problems are found
 * in one pass, each as "file:line: key: what is wrong": unknown keys, wrong types, values out of
 * range, missing required keys. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {
    CONF_STRING, /* char *, heap; NULL when absent and without default */
    CONF_INT,    /* int64_t, checked against min and max */
    CONF_BOOL,   /* bool */
    CONF_STRINGS /* struct conf_strings */
};

struct conf_strings {
    char **items;
    size_t n;
};

#define CONF_WHY_SIZE 384

/* Is this text right? false, and the reason in why ("is not an IP address"). */
typedef bool conf_check_fn(const char *text, char *why, size_t why_size);

struct conf_key {
    const char *name; /* "listen.port": groups are dotted */
    enum conf_type type;
    size_t offset; /* of the field in the caller's struct */
    bool required;
    int64_t min, max;    /* CONF_INT; both 0: any */
    int64_t int_default; /* also for CONF_BOOL */
    const char *string_default;
    const char *const *allowed; /* CONF_STRING: NULL-terminated list of values, or NULL */
    conf_check_fn *check;       /* CONF_STRING, and each of CONF_STRINGS; may be NULL */
    bool live;                  /* may change while the daemon runs: conf_take_live() */
};

/* Told one problem, a whole line without newline. */
typedef void conf_problem_fn(const char *text, void *arg);

/* 0; -ENOENT and others when the file cannot be read; -EINVAL after problems were told. ret must
 * be zeroed memory; conf_done() frees it in every case. */
int conf_read(const char *path, const struct conf_key *keys, size_t n_keys, void *ret,
              conf_problem_fn *fn, void *arg);

/* A second reading takes effect: obj gets the live values of fresh, and fresh those that obj had.
 * Tells the name of each other key whose value differs. Both structs are as conf_read() left them.
 * Fields that are not live are not written, so other threads may read them meanwhile. */
void conf_take_live(const struct conf_key *keys, size_t n_keys, void *obj, void *fresh,
                    conf_problem_fn *fn, void *arg);

/* For what spans several keys: tells "path: " and the rest of the line. Returns -EINVAL. */
int conf_problem(const char *path, conf_problem_fn *fn, void *arg, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A conf_check_fn: at least one character. */
bool conf_check_not_empty(const char *text, char *why, size_t why_size);

/* Frees and zeroes the fields that conf_read allocated. Secrets among strings are wiped. */
void conf_done(const struct conf_key *keys, size_t n_keys, void *obj);
