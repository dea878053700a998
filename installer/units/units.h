/* units.h: the service manager (systemd) over its bus: the only module that meets sd-bus. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct units; /* a connection to the system's manager */

/* Is systemd process 1 here? Never below VISAVIS_ROOT: the manager is the machine's, not that
 * folder's. */
bool units_available(void);

/* -ENOTCONN when there is no such manager. */
int units_open(struct units **ret);

/* NULL is fine; returns NULL. */
struct units *units_close(struct units *u);

enum unit_job {
    UNIT_START,
    UNIT_STOP,
    UNIT_RESTART,
    UNIT_RELOAD,
    UNIT_TRY_RESTART, /* only if it runs */
};

/* What the manager said to the last call that failed; "" when it said nothing. Valid until the next
 * call. */
const char *units_error(const struct units *u);

/* Enqueues and does not wait: for visavis-setup.service, where waiting for units that are ordered
 * after it would never end. -ENOENT: no such unit;
 * -EACCES: not root. */
int units_enqueue(struct units *u, const char *unit, enum unit_job job);

/* Told of each job that ends, while units_run waits. result: "done", "failed", "dependency", ... */
typedef void units_progress_fn(const char *unit, const char *result, void *arg);

/* Enqueues for all and waits for the ends. 0 when all are done; -EIO when one was not; -ETIMEDOUT.
 */
int units_run(struct units *u, const char *const *names, size_t n, enum unit_job job,
              unsigned timeout_ms, units_progress_fn *progress, void *arg);

/* A unit that failed again and again may be started again (systemctl reset-failed). */
int units_reset_failed(struct units *u, const char *unit);

/* Lets the manager read unit files again (systemctl daemon-reload). */
int units_reload_manager(struct units *u);

int units_enable(struct units *u, const char *const *names, size_t n, bool enable);

struct unit_state {
    char active[16];       /* "active", "inactive", "failed", "activating", ... */
    char sub[24];          /* "running", "listening", "auto-restart", ... */
    char result[32];       /* "success", "exit-code", "start-limit-hit", "watchdog", ... */
    char status_text[256]; /* what the daemon said last by STATUS=; "" */
    bool loaded;           /* the manager knows such a unit */
    bool enabled;
    bool skipped;   /* not started, as a condition of it does not hold */
    bool has_job;   /* something is to happen to it: a start, a stop, ... */
    pid_t main_pid; /* 0: none */
    unsigned n_restarts;
    int exit_status;   /* of the last main process */
    uint64_t since_us; /* wall clock, when it became active or inactive; 0 unknown */
    uint64_t memory;   /* bytes; UINT64_MAX unknown */
};

/* 0, also for a unit that is not there (loaded is false). */
int units_state(struct units *u, const char *unit, struct unit_state *ret);

/* When a timer elapses next, wall clock; 0: it does not, as it is not active or not there. */
int units_timer_next(struct units *u, const char *timer, uint64_t *ret_us);

/* A timer that comes once and is gone then, in place of the one of that name: name ".timer" starts
 * service, through a unit name ".service". after_us from now; if wall_us is not 0, at that wall
 * clock time instead. */
struct units_once {
    const char *name;        /* "visavis-cert-next" */
    const char *description; /* "Visavis: ..." */
    const char *service;
    uint64_t after_us, wall_us;
    uint64_t accuracy_us, jitter_us;
};
int units_start_once(struct units *u, const struct units_once *o);

/* Takes it away. 0 also when there is none. */
int units_stop_once(struct units *u, const char *name);
