#include "ice_agent/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* A TURN server that does not answer is asked three times to end an allocation, 100, 200 and 100 ms
 * after another, and several allocations 20 ms after another. */
#define LEAVE_RETRANSMISSIONS 3
#define LEAVE_FIRST_TIMEOUT_MS 100
#define LEAVE_ALL_MAX_MS 2000
#define LEAVE_LOOK_NS 5000000
#define DRAIN_ROUNDS 8

/* What GLib still has to tell frees what belongs to it; a name or an address that is being resolved
 * must be told while the agent is there. */
static void drain(struct ice_agent *a)
{
    for (unsigned i = 0; i < DRAIN_ROUNDS && context_run_once(&a->context); i++)
        ;
}

static void destroy(struct ice_agent *a)
{
    list_del(&a->node);
    atomic_fetch_sub(&a->hub->quota->n, 1);
    drain(a);
    context_enter(&a->context);
    g_object_unref(a->nice);
    a->nice = NULL;
    context_leave(&a->context);
    drain(a);
    context_done(&a->context);
    free(a);
}

static void on_collect(struct loop_defer *d)
{
    struct ice_hub *h = container_of(d, struct ice_hub, collect);
    struct ice_agent *a;

    list_for_each (a, &h->leaving, node) {
        if (a->closed)
            destroy(a);
    }
}

static void on_closed(GObject *source, GAsyncResult *result, gpointer arg)
{
    struct ice_agent *a = arg;

    (void) source, (void) result;
    a->closed = true;
    loop_defer_arm(&a->hub->collect);
}

void ice_hub_take_leave(struct ice_hub *h, struct ice_agent *a)
{
    list_append(&h->leaving, &a->node);
    if (!a->has_turn) {
        a->closed = true;
        loop_defer_arm(&h->collect);
        return;
    }
    context_enter(&a->context);
    g_object_set(a->nice, "stun-max-retransmissions", LEAVE_RETRANSMISSIONS, "stun-initial-timeout",
                 LEAVE_FIRST_TIMEOUT_MS, NULL);
    nice_agent_remove_stream(a->nice, a->stream);
    nice_agent_close_async(a->nice, on_closed, a);
    context_leave(&a->context);
}

int ice_hub_new(struct loop *l, struct ice_quota *q, struct ice_hub **ret_h)
{
    struct ice_hub *h = calloc(1, sizeof(*h));
    int r;

    if (!h)
        return -ENOMEM;
    h->loop = l;
    h->quota = q;
    list_init(&h->leaving);
    r = loop_defer_init(&h->collect, l, on_collect);
    if (r == 0)
        r = loop_set_new(l, &h->set);
    if (r < 0) {
        ice_hub_free(h);
        return r;
    }
    *ret_h = h;
    return 0;
}

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

/* The loop does not run any more: all contexts by turns, until the TURN servers know. */
static void finish_leaving(struct ice_hub *h)
{
    const struct timespec pause = {.tv_nsec = LEAVE_LOOK_NS};
    uint64_t end_ms = now_ms() + LEAVE_ALL_MAX_MS;
    struct ice_agent *a;

    while (!list_empty(&h->leaving) && now_ms() < end_ms) {
        list_for_each (a, &h->leaving, node) {
            drain(a);
            if (a->closed)
                destroy(a);
        }
        if (!list_empty(&h->leaving))
            nanosleep(&pause, NULL);
    }
    list_for_each (a, &h->leaving, node)
        destroy(a);
}

struct ice_hub *ice_hub_free(struct ice_hub *h)
{
    if (!h)
        return NULL;
    finish_leaving(h);
    loop_defer_done(&h->collect);
    if (h->set)
        loop_set_free(h->set);
    free(h);
    return NULL;
}
