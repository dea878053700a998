/* daemon.h: the main() that all daemons share: options, configuration, log, and an event loop from
 * "ready" to "stopping".
 *
 * Options are --config FILE, --check (only says what is wrong with the file) and --help. Problems
 * of the configuration are lines of the log, "FILE:LINE: key: reason". SIGTERM and SIGINT end the
 * daemon, SIGPIPE is ignored, the service manager's watchdog is fed.
 * Exit status: 0; 1 when it could not start or go on; 64 for wrong options; 78 for a configuration
 * that cannot be used (the last two as in sysexits.h). */
#pragma once

#include "conf/conf.h"
#include "loop/loop.h"

struct daemon_def {
    const char *name; /* "visavis-turn" */

    /* 0; -EINVAL after every problem was told to fn; another error when there is no reading it. */
    int (*read_config)(void *self, const char *path, conf_problem_fn *fn, void *arg);
    const char *(*log_level)(const void *self); /* one of log_level_names */

    /* Starts everything on l, whose signals are blocked already. The error is logged by us, what it
     * was about by start. */
    int (*start)(void *self, struct loop *l);

    /* SIGTERM or SIGINT came, perhaps again: end the loop soon. NULL: it ends at once. */
    void (*quit)(void *self, struct loop *l);

    void (*stop)(void *self); /* also after start failed halfway */
    void (*done_config)(void *self);
};

/* self is given to all the functions; each may find it as the one before left it. */
int daemon_main(const struct daemon_def *def, void *self, int argc, char **argv);

/* For daemons with a descriptor for each client: as many as the kernel lets us have. Logs a warning
 * when that is fewer than wanted. */
void daemon_raise_descriptors(size_t wanted);
