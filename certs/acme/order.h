/* order.h: an order from its creation to the certificate (RFC 8555 section 7.4) as a step function:
 * what is to be done next follows from what is known, and what came of it is told back. Pure: no
 * requests, files, or time of its own.
 *
 * All proofs are put up before the first is answered: the CA looks at them in parallel, names and
 * their wildcards share a place in the DNS, and what cannot be put up costs none of the failed
 * validations that CAs count. For the same reason all that are answered are waited for when one has
 * failed: none is withdrawn while the CA may still look.
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
    N_ORDER_ACTIONS
};
extern const char *const order_action_names[N_ORDER_ACTIONS];

struct order_todo {
    enum order_action action;
    size_t authz, challenge;
    uint64_t wait_ms;
};

struct order; /* about 2 MiB, of which as much is touched as the CA sends */

#define ORDER_VALIDATION_LIMIT_MS 300000
#define ORDER_PROCESSING_LIMIT_MS 600000

/* types: in order of preference; one that is not in it is not taken. cannot[i][type]: it will not
 * do for ids.list[i] (nobody can put up that proof, or it failed before); all false: each will. */
struct order_config {
    struct acme_ids ids;
    enum acme_challenge_type types[N_CHALLENGE_TYPES];
    size_t n_types;
    bool cannot[ACME_IDS_MAX][N_CHALLENGE_TYPES];
    uint64_t validation_limit_ms, processing_limit_ms; /* sums of waits; 0: defaults */
};

/* -EINVAL: no identifiers or too many of them or of types; -ENOMEM. */
int order_new(const struct order_config *c, struct order **ret);
struct order *order_free(struct order *o);

/* There is one at the CA already. Before anything else. */
void order_resume(struct order *o, const char *url);

void order_next(const struct order *o, struct order_todo *ret);

/* What came of what order_next() said. A document that does not fit what is known fails the order,
 * and so does what was not asked for. Documents are copied. url: Location; NULL or "": not said.
 * retry_after_s 0: not said. ms: how long it was. */
void order_on_order(struct order *o, const char *url, const struct acme_order *doc,
                    int64_t retry_after_s);
void order_on_authz(struct order *o, const struct acme_authz *doc, int64_t retry_after_s);
void order_on_presented(struct order *o);
void order_on_responded(struct order *o, int64_t retry_after_s);
void order_on_waited(struct order *o, uint64_t ms);
void order_on_failure(struct order *o, const struct acme_failure *f);

/* ""  before it is created */
const char *order_url(const struct order *o);

/* As the CA said it last; NULL before it did. todo.authz counts its authorisations. */
const struct acme_order *order_document(const struct order *o);
const struct acme_authz *order_authz(const struct order *o, size_t i);

/* The one that was chosen to prove authorisation i, as the CA said it last; NULL: none was needed,
 * or will do. */
const struct acme_challenge *order_challenge(const struct order *o, size_t i);

/* Did its proof fail? Then another type of challenge may do in a new order (cannot). */
bool order_authz_failed(const struct order *o, size_t i);

/* Valid after ORDER_FAILED. */
const struct acme_failure *order_failure(const struct order *o);

/* After ORDER_FAILED: may a later run go on with it by order_resume(), also with other types of
 * challenges? false: it is of no more use. */
bool order_can_resume(const struct order *o);

/* After ORDER_FAILED: was it taken up from an earlier run and found to be of no use (expired, not
 * known to the CA, for other names ...) before anything was asked of the CA? Then a new one may be
 * begun at once. */
bool order_is_stale(const struct order *o);
