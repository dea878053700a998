/* notify.h: what a daemon tells the service manager (sd_notify(3)), and socket activation.
 * Without a service manager these do nothing. */
#pragma once

#include <stddef.h>

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

/* One line for `systemctl status`. */
void notify_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The listening stream sockets that were handed to this process under this FileDescriptorName,
 * by a unit's .socket or another supervisor that speaks sd_listen_fds(3). They are non-blocking and
 * close-on-exec then. Fills at most max and returns how many it filled, 0 without socket
 * activation; -ENOTSOCK when one of that name is something else. */
int notify_listen_fds(const char *name, int *ret_fds, size_t max);
