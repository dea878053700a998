/* media_daemon.h: visavis-media as a child, on ports of this process's own (free_port.h); "control"
 * in its folder is its control socket. */
#pragma once

#include "tests/lib/child.h"

/* Configured, and not started yet: it may be given sockets and variables before. fmt: a printf text
 * of more lines of media.cfg. */
int media_daemon_new(struct child **ret_c, unsigned workers, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Until it is ready. */
int media_daemon_start(struct child *c);
