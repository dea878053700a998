/* pulse.h: the service manager's watchdog, for a daemon of several threads: this loop feeds it only
 * while the loops of the threads that it watches answer, too.
 *
 * Each is asked now and then by a message to its loop, and is taken for stuck while the answer to
 * the last question is outstanding. When that lasts for a third of the watchdog's time, the log
 * says where the thread is, and the process ends by SIGABRT, for the manager to start another. */
#pragma once

#include "loop/loop.h"

struct pulse;
struct pulse_watch;

/* Feeds from l. Without a watchdog (WATCHDOG_USEC) nobody is asked anything. */
int pulse_new(struct loop *l, struct pulse **ret_p);

/* Nobody is watched any more. NULL is fine; returns NULL. */
struct pulse *pulse_free(struct pulse *p);

/* Before the thread of that loop runs. p may be NULL: then *ret_w is NULL, too. */
int pulse_watch(struct pulse *p, struct loop *thread_loop, struct pulse_watch **ret_w);

/* When the thread has ended, before its loop is freed. NULL is fine; returns NULL. */
struct pulse_watch *pulse_unwatch(struct pulse_watch *w);

/* One round, as the timer makes it: is everybody alive? Then asks again. */
bool pulse_beat(struct pulse *p);
