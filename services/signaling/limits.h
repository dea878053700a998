/* limits.h: a limit has struck: it is counted for the metrics, and the log says so with the setting
 * to raise, at most once each 10 s for each limit. What the client is told is its caller's matter.
 */
#pragma once

#include "base/log.h"

#include "signaling/stats.h"

struct app;

struct limits {
    struct log_limit log[N_STATS_LIMITS];
};

/* about: who or what met it, a printf text. */
void limit_struck(struct app *app, enum stats_limit which, const char *about, ...)
    __attribute__((format(printf, 3, 4)));
