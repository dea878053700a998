/* daemon.h: the main() that all daemons share: options, configuration, log, and an event loop from
 * "ready" to "stopping".
 *
 * Options are --config FILE, --check (only says what is wrong with the file) and --help. Problems
 * of the configuration are lines of the log, "FILE:LINE: key: reason". SIGTERM and SIGINT end the
 * daemon, SIGPIPE is ignored, the service manager's watchdog is fed and its status text kept.
 *
 * SIGHUP has the file read again. When something is wrong with it, nothing changes: the problems
 * are logged, and the status text says so until a better one has been read.
 * Exit status: 0; 1 when it could not start or go on; 64 for wrong options; 78 for a configuration
 * that cannot be used (the last two as in sysexits.h). */
#pragma once

#include "conf/conf.h"
#include "loop/loop.h"

#define DAEMON_STATUS_SIZE 96

struct daemon_def {
    const char *name; /* "visavis-turn" */

    /* 0; -EINVAL after every problem was told to fn; another error when there is no reading it. */
    int (*read_config)(void *self, const char *path, conf_problem_fn *fn, void *arg);
    const char *(*log_level)(const void *self); /* one of log_level_names */

    /* SIGHUP: as read_config, and then what was read is in force, but for the keys that take effect
     * at the next start: fn_later is told the name of each of those that changed. After an error
     * all is as before. */
    int (*reload)(void *self, const char *path, conf_problem_fn *fn, conf_problem_fn *fn_later,
                  void *arg);

    /* Starts everything on l, whose signals are blocked already. The error is logged by us, what it
     * was about by start. */
    int (*start)(void *self, struct loop *l);

    /* SIGTERM or SIGINT came, perhaps again: end the loop soon. NULL: it ends at once. */
    void (*quit)(void *self, struct loop *l);

    /* "3 rooms, 8 transports" for the service manager; asked now and then. */
    void (*status)(void *self, char *text, size_t size);

    void (*stop)(void *self); /* also after start failed halfway */
    void (*done_config)(void *self);
};

/* self is given to all the functions; each may find it as the one before left it. */
int daemon_main(const struct daemon_def *def, void *self, int argc, char **argv);

/* For daemons with a descriptor for each client: as many as the kernel lets us have. Logs a warning
 * when that is fewer than wanted. */
void daemon_raise_descriptors(size_t wanted);
