/* wheel.h: many coarse timers of one worker (10 ms) behind a single timer of its loop.
 *
 * A timer is a field of the object it serves. Starting, restarting and stopping are O(1); nothing
 * allocates. The wheel rests until a timer may be due. Not thread-safe: lives on its worker. */
#pragma once

#include "base/list.h"
#include "loop/loop.h"

#define WHEEL_TICK_MS UINT64_C(10)
#define WHEEL_SLOTS 256
#define WHEEL_COARSE_TICKS 5

struct wheel_timer;
typedef void wheel_timer_fn(struct wheel_timer *t);

/* Must be initialised with wheel_timer_init(). */
struct wheel_timer {
    struct list node;
    uint64_t due_tick;
    wheel_timer_fn *fn;
};

struct wheel {
    struct loop *loop;
    struct loop_timer timer;
    struct list slots[WHEEL_SLOTS];
    uint64_t tick;      /* the last one that was run */
    uint64_t next_tick; /* when the loop's timer is armed: its */
    unsigned n_armed;
    bool running;
};

void wheel_init(struct wheel *w, struct loop *l);
void wheel_done(struct wheel *w);

void wheel_timer_init(struct wheel_timer *t, wheel_timer_fn *fn);

/* One-shot: fn is called once, delay_ms from now or up to a tick later. It may restart or stop any
 * timer and free any timer that it stopped. */
void wheel_start(struct wheel *w, struct wheel_timer *t, uint64_t delay_ms);

/* For what is not to the moment: up to 50 ms later, together with others, so that all of them are
 * one wake-up. */
void wheel_start_coarse(struct wheel *w, struct wheel_timer *t, uint64_t delay_ms);
void wheel_stop(struct wheel *w, struct wheel_timer *t);

static inline bool wheel_timer_is_armed(const struct wheel_timer *t)
{
    return !list_empty(&t->node);
}

/* Runs what is due; the loop's timer does this, tests by hand. */
void wheel_run(struct wheel *w, uint64_t now_ms);
