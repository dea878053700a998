/* beside.h: work that blocks (a program that is waited for, a question to a name server), while the
 * loop goes on. */
#pragma once

#include "loop/loop.h"

#include <stdatomic.h>

/* cancelled becomes true when nobody wants the result any more: return soon then. */
typedef void beside_fn(const atomic_bool *cancelled, void *arg);

/* Calls fn on a thread of its own and runs the loop until it has returned. Not from within one of
 * the loop's handlers. -ECANCELED: the loop was told to quit meanwhile (fn has returned all the
 * same); the next loop_run() is told so too. Another errno: fn was not called. */
int beside_run(struct loop *l, beside_fn *fn, void *arg);
