/* order.h: an order from its creation to the certificate (RFC 8555 section 7.4) as a step function:
 * what is to be done next follows from what is known, and what came of it is told back. Pure: no
 * requests, files, or time of its own.
 *
 * An order that was begun by an earlier run is taken up by its URL (order_resume). */
#pragma once

#include "acme/failure.h"
#include "acme/wire.h"

enum order_action {
    ORDER_CREATE,   /* newOrder; answer: order_on_order() with the URL */
    ORDER_FETCH,    /* the order; order_on_order() */
    ORDER_AUTHZ,    /* fetch authorisation todo.authz; order_on_authz() */
    ORDER_PRESENT,  /* put up the proof of challenge todo.challenge of todo.authz;
                       order_on_presented() */
    ORDER_RESPOND,  /* tell the CA; order_on_responded() */
    ORDER_WAIT,     /* todo.wait_ms; order_on_waited() */
    ORDER_FINALIZE, /* order_on_order() */
    ORDER_DOWNLOAD, /* the certificate; the end */
    ORDER_FAILED,   /* order_failure(); the end */
};
extern const char *const order_action_names[];

struct order_todo {
    enum order_action action;
    size_t authz, challenge;
    uint64_t wait_ms;
};

struct order; /* about 200 KiB */

/* order of preference; a type that is not in it is not taken. can[type] of each identifier is asked
 * by the driver before. */
struct order_config {
    struct acme_ids ids;
    enum acme_challenge_type types[N_CHALLENGE_TYPES];
    size_t n_types;
    uint64_t validation_limit_ms, processing_limit_ms; /* 0: defaults */
};

int order_new(const struct order_config *c, struct order **ret);
struct order *order_free(struct order *o);

/* There is one at the CA already. */
void order_resume(struct order *o, const char *url);

void order_next(const struct order *o, struct order_todo *ret);

/* What came of it. A document that does not fit what is known fails the order. retry_after_s 0: not
 * said. now_ms: monotonic. */
void order_on_order(struct order *o, const char *url, const struct acme_order *doc,
                    int64_t retry_after_s);
void order_on_authz(struct order *o, const struct acme_authz *doc, int64_t retry_after_s);
void order_on_presented(struct order *o);
void order_on_responded(struct order *o, int64_t retry_after_s);
void order_on_waited(struct order *o, uint64_t ms);
void order_on_failure(struct order *o, const struct acme_failure *f);

const char *order_url(const struct order *o); /* "" before it is created */
const struct acme_order *order_document(const struct order *o);
const struct acme_authz *order_authz(const struct order *o, size_t i);
const struct acme_failure *order_failure(const struct order *o);
