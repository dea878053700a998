/* order_internal.h: what order.c (the order) and order_authz.c (its authorisations) share. */
#pragma once

#include "acme/order.h"

/* What is under way. Where there is something to wait for first, wait_ms is set as well. */
enum order_phase {
    PHASE_CREATE,
    PHASE_FETCH,   /* an order of an earlier run, or once more before it is finalised */
    PHASE_READ,    /* each authorisation, for the first time */
    PHASE_PRESENT, /* each proof that is needed */
    PHASE_RESPOND, /* each challenge that does not know of it yet */
    PHASE_POLL,    /* the authorisations that are not decided */
    PHASE_SETTLE,  /* all are valid, the order is still pending */
    PHASE_FINALIZE,
    PHASE_PROCESS,  /* finalised; until it is valid */
    PHASE_DOWNLOAD, /* the end */
    PHASE_FAILED,   /* the end */
};

enum item_state {
    ITEM_UNKNOWN, /* not fetched */
    ITEM_OPEN,    /* the CA is to decide */
    ITEM_VALID,
    ITEM_FAILED,
};

/* One authorisation. */
struct order_item {
    enum item_state state;
    struct acme_authz doc;
    bool has_choice;
    enum acme_challenge_type choice;
};

struct order {
    struct order_config config;
    enum order_phase phase;
    size_t at;        /* the item under way */
    uint64_t wait_ms; /* to be waited before; 0: nothing */

    char url[ACME_URL_SIZE];
    bool has_doc;
    struct acme_order doc; /* with the authorisations in the order of the first document */
    struct order_item items[ACME_IDS_MAX];

    bool resumed;
    bool asked;       /* a challenge was answered or the order finalised by us */
    bool refetched;   /* after a refused finalisation; once */
    uint64_t step_ms; /* next distance of looks */
    uint64_t validation_ms, processing_ms; /* waited so far */
    int64_t round_retry_s;                 /* longest Retry-After of this round of looks */

    bool lost; /* failed, and of no more use */
    struct acme_failure failure;
    size_t n_failed; /* items that are told in it */
};

/* Enters a phase that asks again and again. */
void order_begin_looks(struct order *o, enum order_phase phase);

/* Has the next look wait; fails the order when it took too long. */
void order_plan_look(struct order *o, int64_t retry_after_s);

/* Ends it by o->failure. lost: of no more use. */
void order_end(struct order *o, bool lost);

/* A document does not fit: ends it. what: a sentence without a final dot. */
void order_misfit(struct order *o, enum acme_step step, const char *what);

/* Something came that was not asked for: ends it. */
void order_out_of_turn(struct order *o, const char *what);

/* Goes through the authorisations from the first on. */
void order_read_items(struct order *o);

/* Time is up: counts those as failed for which the CA has said a reason, while it still tries. Has
 * any failed? Then o->failure tells. */
bool order_tell_items(struct order *o);

/* The challenge chosen for an item; NULL: none. */
const struct acme_challenge *item_challenge(const struct order_item *item);
