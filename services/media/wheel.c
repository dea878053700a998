#include "media/wheel.h"

#include "base/clock.h"

static void on_tick(struct loop_timer *timer);

/* The loop's timer comes at this tick at the latest. */
static void arm(struct wheel *w, uint64_t tick)
{
    uint64_t now_ms = clock_ms();
    uint64_t at_ms = tick * WHEEL_TICK_MS;

    if (!w->loop || (loop_timer_is_armed(&w->timer) && w->next_tick <= tick))
        return;
    w->next_tick = tick;
    (void) loop_timer_start(&w->timer, w->loop, at_ms > now_ms ? (at_ms - now_ms) * 1000 : 0,
                            on_tick);
}

/* The first in which a timer may be due; some are of a later round. */
static uint64_t next_tick(const struct wheel *w)
{
    uint64_t tick = w->tick + 1;

    while (tick <= w->tick + WHEEL_SLOTS && list_empty(&w->slots[tick % WHEEL_SLOTS]))
        tick++;
    return tick;
}

static void on_tick(struct loop_timer *timer)
{
    struct wheel *w = container_of(timer, struct wheel, timer);

    wheel_run(w, clock_ms());
}

void wheel_init(struct wheel *w, struct loop *l)
{
    *w = (struct wheel){.loop = l, .tick = clock_ms() / WHEEL_TICK_MS};
    for (size_t i = 0; i < WHEEL_SLOTS; i++)
        list_init(&w->slots[i]);
}

void wheel_done(struct wheel *w)
{
    if (w->loop)
        loop_timer_done(&w->timer);
}

void wheel_timer_init(struct wheel_timer *t, wheel_timer_fn *fn)
{
    list_init(&t->node);
    t->due_tick = 0;
    t->fn = fn;
}

static void start(struct wheel *w, struct wheel_timer *t, uint64_t delay_ms, uint64_t multiple)
{
    uint64_t now_ms = clock_ms();

    wheel_stop(w, t);
    if (w->n_armed == 0 && !w->running)
        w->tick = now_ms / WHEEL_TICK_MS;
    t->due_tick = (now_ms + delay_ms) / WHEEL_TICK_MS + 1;
    if (t->due_tick <= w->tick)
        t->due_tick = w->tick + 1;
    t->due_tick = (t->due_tick + multiple - 1) / multiple * multiple;
    list_append(&w->slots[t->due_tick % WHEEL_SLOTS], &t->node);
    w->n_armed++;
    if (!w->running)
        arm(w, t->due_tick);
}

void wheel_start(struct wheel *w, struct wheel_timer *t, uint64_t delay_ms)
{
    start(w, t, delay_ms, 1);
}

void wheel_start_coarse(struct wheel *w, struct wheel_timer *t, uint64_t delay_ms)
{
    start(w, t, delay_ms, WHEEL_COARSE_TICKS);
}

void wheel_stop(struct wheel *w, struct wheel_timer *t)
{
    if (list_empty(&t->node))
        return;
    list_del(&t->node);
    w->n_armed--;
}

/* Handlers may stop any timer: what is due is first moved to a list of its own, from which a
 * stopped timer unhooks itself. */
static void run_tick(struct wheel *w)
{
    struct list *slot = &w->slots[w->tick % WHEEL_SLOTS];
    struct list due;
    struct wheel_timer *t;

    list_init(&due);
    list_for_each (t, slot, node) {
        if (t->due_tick > w->tick)
            continue;
        list_del(&t->node);
        list_append(&due, &t->node);
    }
    while ((t = list_first(&due, struct wheel_timer, node))) {
        list_del(&t->node);
        w->n_armed--;
        t->fn(t);
    }
}

void wheel_run(struct wheel *w, uint64_t now_ms)
{
    uint64_t now = now_ms / WHEEL_TICK_MS;

    w->running = true;
    while (w->tick < now && w->n_armed > 0) {
        w->tick++;
        run_tick(w);
    }
    w->tick = now;
    w->running = false;
    if (w->n_armed > 0)
        arm(w, next_tick(w));
}
