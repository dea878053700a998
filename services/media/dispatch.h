/* dispatch.h: what signaling asks for a room: who is to do it (placement.h), and whether a limit is
 * in its way; the request is posted to that worker, and its outcome goes back.
 *
 * Control's; not thread-safe. */
#pragma once

#include "media/methods.h"
#include "media/placement.h"

#include "link/link.h"

struct dispatch {
    struct loop *loop;
    const struct config *config;
    struct placement placement;
    struct limits limits;
    struct loop_timer load_timer; /* while there are rooms */
    uint64_t bytes_sent, sent_us; /* of all workers, when it was looked at last */
};

int dispatch_init(struct dispatch *d, struct loop *l, const struct config *c);

/* No message may be under way. */
void dispatch_done(struct dispatch *d);

/* Answers rq, or posts its message. */
void dispatch_request(struct dispatch *d, const struct method *method, json_t *params,
                      struct link_request *rq);

/* An outcome comes back; m stays the caller's. */
void dispatch_on_outcome(struct dispatch *d, struct message *m);

/* The workers have stopped and will not answer. */
void dispatch_on_dropped(struct dispatch *d, struct message *m);

void dispatch_invalid_params(struct link_request *rq, const char *what);
