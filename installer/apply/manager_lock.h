/* manager_lock.h: those that change what is in force, the configuration or the certificate, do so
 * one at a time. */
#pragma once

#include <stdbool.h>

#define MANAGER_LOCK_LIMIT_S 20

/* The lock, held until its descriptor is closed, also by the end of the process. Waits for another
 * holder; on_wait is told once when it has to, it may be NULL. -EBUSY: still held after the limit.
 */
int manager_lock(void (*on_wait)(void *arg), void *arg, int *ret_fd);
