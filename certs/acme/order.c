#include "acme/order.h"

#include "acme/order_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define STEP_FIRST_MS 250
#define STEP_MAX_MS 10000
#define REFETCH_WAIT_MS 1000
#define RETRY_MAX_S 1000000000

const char *const order_action_names[N_ORDER_ACTIONS] = {
    [ORDER_CREATE] = "create",     [ORDER_FETCH] = "fetch",       [ORDER_AUTHZ] = "authorization",
    [ORDER_PRESENT] = "present",   [ORDER_RESPOND] = "respond",   [ORDER_WAIT] = "wait",
    [ORDER_FINALIZE] = "finalize", [ORDER_DOWNLOAD] = "download", [ORDER_FAILED] = "failed",
};

/* WAIT apart. */
static const enum order_action actions[] = {
    [PHASE_CREATE] = ORDER_CREATE,   [PHASE_FETCH] = ORDER_FETCH,
    [PHASE_READ] = ORDER_AUTHZ,      [PHASE_PRESENT] = ORDER_PRESENT,
    [PHASE_RESPOND] = ORDER_RESPOND, [PHASE_POLL] = ORDER_AUTHZ,
    [PHASE_SETTLE] = ORDER_FETCH,    [PHASE_FINALIZE] = ORDER_FINALIZE,
    [PHASE_PROCESS] = ORDER_FETCH,   [PHASE_DOWNLOAD] = ORDER_DOWNLOAD,
    [PHASE_FAILED] = ORDER_FAILED,
};

int order_new(const struct order_config *c, struct order **ret)
{
    struct order *o;

    if (c->ids.n == 0 || c->ids.n > ACME_IDS_MAX || c->n_types > N_CHALLENGE_TYPES)
        return -EINVAL;
    o = calloc(1, sizeof(*o));
    if (!o)
        return -ENOMEM;
    o->config = *c;
    if (o->config.validation_limit_ms == 0)
        o->config.validation_limit_ms = ORDER_VALIDATION_LIMIT_MS;
    if (o->config.processing_limit_ms == 0)
        o->config.processing_limit_ms = ORDER_PROCESSING_LIMIT_MS;
    o->phase = PHASE_CREATE;
    *ret = o;
    return 0;
}

struct order *order_free(struct order *o)
{
    free(o);
    return NULL;
}

/* ---- its end ---- */

void order_end(struct order *o, bool lost)
{
    o->phase = PHASE_FAILED;
    o->wait_ms = 0;
    o->lost = lost;
    if (order_is_stale(o))
        failure_next(&o->failure,
                     "It was begun by an earlier run; nothing is lost, a new order takes its "
                     "place. `visavis cert issue` begins one now.");
}

void order_misfit(struct order *o, enum acme_step step, const char *what)
{
    failure_set(&o->failure, FAILURE_CA, step, -EPROTO, o->url, "%s", what);
    failure_next(&o->failure, "It is tried again later by itself, with a new order; `visavis cert "
                              "issue` begins it now.");
    order_end(o, true);
}

void order_out_of_turn(struct order *o, const char *what)
{
    if (o->phase == PHASE_FAILED)
        return;
    failure_set(&o->failure, FAILURE_LOCAL, STEP_ORDER, -EINVAL, o->url,
                "%s came when the order was to %s", what, order_action_names[actions[o->phase]]);
    order_end(o, false);
}

/* Is that what order_next() asked for? */
static bool is_turn(struct order *o, enum order_action action, const char *what)
{
    struct order_todo todo;

    order_next(o, &todo);
    if (todo.action == action)
        return true;
    order_out_of_turn(o, what);
    return false;
}

/* ---- looking again ---- */

static enum acme_step step_of(const struct order *o)
{
    switch (o->phase) {
    case PHASE_READ:
        return STEP_AUTHORIZATION;
    case PHASE_PRESENT:
    case PHASE_RESPOND:
    case PHASE_POLL:
        return STEP_CHALLENGE;
    case PHASE_FINALIZE:
    case PHASE_PROCESS:
        return STEP_FINALIZE;
    case PHASE_DOWNLOAD:
        return STEP_DOWNLOAD;
    case PHASE_CREATE:
    case PHASE_FETCH:
    case PHASE_SETTLE:
    case PHASE_FAILED:
        break;
    }
    return STEP_ORDER;
}

void order_begin_looks(struct order *o, enum order_phase phase)
{
    o->phase = phase;
    o->at = 0;
    o->step_ms = STEP_FIRST_MS;
    o->round_retry_s = 0;
}

/* What the CA is to do meanwhile. */
static const char *waited_for(const struct order *o)
{
    if (o->phase == PHASE_PROCESS)
        return "making the certificate";
    return o->phase == PHASE_POLL ? "looking for the proof" : "calling the order ready";
}

static void fail_late(struct order *o, int64_t retry_after_s, uint64_t limit_ms)
{
    char where[256] = "";

    if (o->phase == PHASE_POLL && order_tell_items(o)) {
        order_end(o, true);
        return;
    }
    if (o->phase == PHASE_POLL)
        snprintf(where, sizeof(where), "%s", o->items[o->at].doc.id.text);
    if (retry_after_s > 0)
        failure_set(&o->failure, FAILURE_CA, step_of(o), -ETIMEDOUT, where,
                    "the CA is not done with %s and wants to be asked again in %lld s, which is "
                    "longer than one run waits (%llu s)",
                    waited_for(o), (long long) retry_after_s, (unsigned long long) limit_ms / 1000);
    else
        failure_set(&o->failure, FAILURE_CA, step_of(o), -ETIMEDOUT, where,
                    "the CA was not done with %s within %llu s", waited_for(o),
                    (unsigned long long) limit_ms / 1000);
    failure_next(&o->failure, o->resumed ? "The next run begins a new order; `visavis cert issue` "
                                           "begins it now."
                                         : "The next run goes on with the same order; `visavis "
                                           "cert issue` begins it now.");
    /* a second run that waits in vain will not be followed by a third */
    order_end(o, o->resumed);
}

void order_plan_look(struct order *o, int64_t retry_after_s)
{
    bool processing = o->phase == PHASE_PROCESS;
    uint64_t limit = processing ? o->config.processing_limit_ms : o->config.validation_limit_ms;
    uint64_t waited = processing ? o->processing_ms : o->validation_ms;
    int64_t retry = retry_after_s > RETRY_MAX_S ? RETRY_MAX_S : retry_after_s;
    uint64_t wait = retry > 0 ? (uint64_t) retry * 1000 : o->step_ms;

    if (waited >= limit || (retry > 0 && wait > limit - waited)) {
        fail_late(o, waited >= limit ? 0 : retry, limit);
        return;
    }
    o->wait_ms = wait < limit - waited ? wait : limit - waited;
    o->step_ms = o->step_ms * 2 < STEP_MAX_MS ? o->step_ms * 2 : STEP_MAX_MS;
}

void order_on_waited(struct order *o, uint64_t ms)
{
    uint64_t *sum = o->phase == PHASE_PROCESS ? &o->processing_ms : &o->validation_ms;
    uint64_t counted = ms > o->wait_ms ? ms : o->wait_ms;

    if (!is_turn(o, ORDER_WAIT, "the end of a wait"))
        return;
    *sum = *sum + counted < *sum ? UINT64_MAX : *sum + counted;
    o->wait_ms = 0;
}

/* ---- documents of the order ---- */

/* How far it has come; a status is not followed by one of a lower rank. */
static unsigned rank(enum acme_status s)
{
    static const unsigned ranks[N_ACME_STATUS] = {[ACME_PENDING] = 0,
                                                  [ACME_READY] = 1,
                                                  [ACME_PROCESSING] = 2,
                                                  [ACME_VALID] = 3,
                                                  [ACME_INVALID] = 4};

    return ranks[s];
}

static bool same_authorizations(const struct acme_order *a, const struct acme_order *b)
{
    if (a->n_authz != b->n_authz)
        return false;
    for (size_t i = 0; i < a->n_authz; i++) {
        size_t k = 0;

        while (k < b->n_authz && strcmp(a->authz[i], b->authz[k]) != 0)
            k++;
        if (k == b->n_authz)
            return false;
    }
    return true;
}

/* What is wrong with a document; NULL: it fits what is known. */
static const char *misfit(const struct order *o, const char *url, const struct acme_order *doc)
{
    if (!o->url[0] && (!url || !acme_is_url(url)))
        return "the CA made an order without telling its URL";
    if (o->url[0] && url && *url && strcmp(url, o->url) != 0)
        return "the CA answered with another order than it was asked for";
    if (!acme_ids_same(&doc->ids, &o->config.ids))
        return "the order is for other names than were asked for";
    if (doc->status == ACME_VALID && !doc->certificate[0])
        return "the order is valid, but without a certificate";
    if (!o->has_doc)
        return NULL;
    if (strcmp(doc->finalize, o->doc.finalize) != 0)
        return "the CA changed the order's URL for finalising it";
    if (!same_authorizations(doc, &o->doc))
        return "the CA changed the order's authorizations";
    if (rank(doc->status) < rank(o->doc.status))
        return "the order's status went backwards";
    return NULL;
}

static void take_document(struct order *o, const char *url, const struct acme_order *doc)
{
    struct acme_order *mine = &o->doc;

    if (!o->url[0])
        snprintf(o->url, sizeof(o->url), "%s", url);
    if (!o->has_doc) {
        *mine = *doc;
        o->has_doc = true;
        return;
    }
    /* the list stays in the order that items have */
    mine->status = doc->status;
    mine->expires_s = doc->expires_s;
    memcpy(mine->certificate, doc->certificate, sizeof(mine->certificate));
    mine->problem = doc->problem;
}

static void on_invalid(struct order *o)
{
    enum acme_step step = step_of(o);

    if (o->doc.problem.type != PROBLEM_NONE)
        failure_of_problem(&o->failure, step, -EPROTO, o->url, &o->doc.problem);
    else
        failure_set(&o->failure, FAILURE_CA, step, -EPROTO, o->url,
                    "the CA calls the order invalid and gives no reason");
    order_end(o, true);
}

static void on_pending(struct order *o, int64_t retry_after_s)
{
    if (o->phase != PHASE_SETTLE && o->doc.n_authz > 0) {
        order_read_items(o);
        return;
    }
    if (o->phase != PHASE_SETTLE)
        order_begin_looks(o, PHASE_SETTLE);
    order_plan_look(o, retry_after_s);
}

/* Between its being finalised and valid. */
static void on_processing(struct order *o, int64_t retry_after_s)
{
    if (o->phase != PHASE_PROCESS)
        order_begin_looks(o, PHASE_PROCESS);
    order_plan_look(o, retry_after_s);
}

void order_on_order(struct order *o, const char *url, const struct acme_order *doc,
                    int64_t retry_after_s)
{
    enum order_action action = actions[o->phase];
    const char *wrong;

    if (action != ORDER_CREATE && action != ORDER_FINALIZE)
        action = ORDER_FETCH;
    if (!is_turn(o, action, "an order"))
        return;
    wrong = misfit(o, url, doc);
    if (wrong) {
        order_misfit(o, step_of(o), wrong);
        return;
    }
    take_document(o, url, doc);
    if (o->phase == PHASE_FINALIZE)
        o->asked = true;
    switch (doc->status) {
    case ACME_PENDING:
        on_pending(o, retry_after_s);
        break;
    case ACME_READY:
        /* one that was finalised may need a moment to show it */
        if (o->phase == PHASE_FINALIZE || o->phase == PHASE_PROCESS)
            on_processing(o, retry_after_s);
        else
            o->phase = PHASE_FINALIZE;
        break;
    case ACME_PROCESSING:
        on_processing(o, retry_after_s);
        break;
    case ACME_VALID:
        o->phase = PHASE_DOWNLOAD;
        break;
    case ACME_INVALID:
    case ACME_DEACTIVATED:
    case ACME_EXPIRED:
    case ACME_REVOKED:
    case N_ACME_STATUS:
        on_invalid(o);
        break;
    }
}

/* ---- what else happens ---- */

void order_resume(struct order *o, const char *url)
{
    o->resumed = true;
    o->phase = PHASE_FETCH;
    if (acme_is_url(url))
        snprintf(o->url, sizeof(o->url), "%s", url);
    else
        order_misfit(o, STEP_ORDER, "the URL of an earlier run's order is none");
}

/* Was the finalisation refused because the CA does not see that the order is ready? Some do not at
 * once (RFC 8555 section 7.4: 403); then the order itself tells. */
static bool is_not_ready(const struct order *o, const struct acme_failure *f)
{
    return o->phase == PHASE_FINALIZE && !o->refetched &&
           (f->problem.type == PROBLEM_ORDER_NOT_READY || f->problem.status == 403);
}

void order_on_failure(struct order *o, const struct acme_failure *f)
{
    if (o->phase == PHASE_FAILED)
        return;
    if (is_not_ready(o, f)) {
        o->refetched = true;
        o->doc.status = ACME_PENDING;
        o->phase = PHASE_FETCH;
        o->wait_ms = REFETCH_WAIT_MS;
        return;
    }
    o->failure = *f;
    order_end(o, f->kind == FAILURE_REFUSED || f->kind == FAILURE_VALIDATION);
}

void order_next(const struct order *o, struct order_todo *ret)
{
    const struct order_item *item = &o->items[o->at];
    const struct acme_challenge *c = item_challenge(item);
    struct order_todo todo = {.action = actions[o->phase]};

    if (o->wait_ms > 0) {
        todo.action = ORDER_WAIT;
        todo.wait_ms = o->wait_ms;
    } else if (o->phase >= PHASE_READ && o->phase <= PHASE_POLL) {
        todo.authz = o->at;
        todo.challenge = c ? (size_t) (c - item->doc.challenges) : 0;
    }
    *ret = todo;
}

const char *order_url(const struct order *o)
{
    return o->url;
}

const struct acme_order *order_document(const struct order *o)
{
    return o->has_doc ? &o->doc : NULL;
}

const struct acme_authz *order_authz(const struct order *o, size_t i)
{
    return o->has_doc && i < o->doc.n_authz && o->items[i].state != ITEM_UNKNOWN ? &o->items[i].doc
                                                                                 : NULL;
}

const struct acme_challenge *order_challenge(const struct order *o, size_t i)
{
    return order_authz(o, i) ? item_challenge(&o->items[i]) : NULL;
}

bool order_authz_failed(const struct order *o, size_t i)
{
    return order_authz(o, i) && o->items[i].state == ITEM_FAILED;
}

const struct acme_failure *order_failure(const struct order *o)
{
    return &o->failure;
}

bool order_can_resume(const struct order *o)
{
    return o->url[0] && !o->lost;
}

bool order_is_stale(const struct order *o)
{
    return o->phase == PHASE_FAILED && o->resumed && o->lost && !o->asked;
}
