#include "media/wheel.h"

#include "base/clock.h"

static void on_tick(struct loop_timer *timer);

static void arm(struct wheel *w)
{
    if (w->loop && !loop_timer_is_armed(&w->timer))
        (void) loop_timer_start(&w->timer, w->loop, WHEEL_TICK_MS * 1000, on_tick);
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

void wheel_start(struct wheel *w, struct wheel_timer *t, uint64_t delay_ms)
{
    uint64_t now_ms = clock_ms();

    wheel_stop(w, t);
    if (w->n_armed == 0 && !w->running)
        w->tick = now_ms / WHEEL_TICK_MS;
    t->due_tick = (now_ms + delay_ms) / WHEEL_TICK_MS + 1;
    if (t->due_tick <= w->tick)
        t->due_tick = w->tick + 1;
    list_append(&w->slots[t->due_tick % WHEEL_SLOTS], &t->node);
    w->n_armed++;
    arm(w);
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
        arm(w);
}
