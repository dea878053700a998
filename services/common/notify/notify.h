/* notify.h: what a daemon tells the service manager (sd_notify(3)), and socket activation.
 * Without a service manager these do nothing. */
#pragma once

#include <stddef.h>

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

/* One line for `systemctl status`. */
void notify_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The listening sockets of the unit's .socket with this FileDescriptorName; fills at most max and
 * returns how many it filled, 0 without socket activation. */
int notify_listen_fds(const char *name, int *ret_fds, size_t max);

/* The listening stream socket of the unit's .socket that is bound to path, or -ENOENT. */
int notify_listen_unix(const char *path);
