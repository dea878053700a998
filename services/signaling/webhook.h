/* webhook.h: posts events to the operator's endpoint, one after the other in their order.
 *
 * Where no answer comes (refused, reset, no answer within 10 s) it tries again, WEBHOOK_ATTEMPTS
 * times in all; any answer ends it, and one other than 200 is logged. What waits is bounded:
 * over the limit the oldest are given up. Redirects are not followed. */
#pragma once

#include "signaling/outbox_event.h"

struct config;
struct loop;
struct webhook;

#define WEBHOOK_ATTEMPTS 5

/* An hour of a server with three events a second. Who hears of things later than that looks them up
 * elsewhere. */
#define WEBHOOK_WAITING_MAX 10000
#define WEBHOOK_WAITING_BYTES (32u << 20) /* should they all be long signals */

struct webhook_counts {
    uint64_t sent;     /* answered with 200 */
    uint64_t refused;  /* with something else */
    uint64_t given_up; /* never answered, or too many waited */
    size_t waiting;
};

/* e has been sent or given up, and is in no list of the webhook's any more. */
typedef void webhook_done_fn(struct outbox_event *e, void *arg);

/* config is borrowed. */
int webhook_new(struct loop *l, const struct config *config, webhook_done_fn *fn, void *arg,
                struct webhook **ret_webhook);

/* A request under way is cut; fn is not called any more. NULL is fine; returns NULL. */
struct webhook *webhook_free(struct webhook *w);

/* Is this event to be sent, as it is configured now? */
bool webhook_wants(const struct webhook *w, const char *name);

/* Appends e, which must stay valid until it is done. */
void webhook_put(struct webhook *w, struct outbox_event *e);

/* Settings may have changed: what is not wanted any more is done. */
void webhook_reload(struct webhook *w);

/* The end is near. all: what waits is sent, each tried once, up to the first that gets no answer;
 * otherwise nothing is begun any more. */
void webhook_stop(struct webhook *w, bool all);

/* A request is under way. */
bool webhook_is_busy(const struct webhook *w);

const struct webhook_counts *webhook_counts(const struct webhook *w);
