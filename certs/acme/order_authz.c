/* The authorisations of an order: each is read, its challenge chosen, the proofs put up and told,
 * and then the CA looked at until it has decided on all of them. */
#include "acme/order_internal.h"
#include "acme/printable.h"

#include <errno.h>
#include <stdio.h>

/* ---- challenges ---- */

static const struct acme_challenge *find(const struct acme_authz *a, enum acme_challenge_type type)
{
    for (size_t i = 0; i < a->n_challenges; i++)
        if (a->challenges[i].type == type)
            return &a->challenges[i];
    return NULL;
}

const struct acme_challenge *item_challenge(const struct order_item *item)
{
    return item->has_choice ? find(&item->doc, item->choice) : NULL;
}

/* Where the name is in the list of those that were asked for; n: nowhere. */
static size_t index_of(const struct acme_ids *ids, const struct acme_id *id)
{
    size_t i = 0;

    while (i < ids->n && strcmp(ids->list[i].text, id->text) != 0)
        i++;
    return i;
}

static bool is_wanted(const struct order *o, const struct acme_id *id,
                      enum acme_challenge_type type)
{
    for (size_t i = 0; i < o->config.n_types; i++)
        if (o->config.types[i] == type)
            return !o->config.cannot[index_of(&o->config.ids, id)][type];
    return false;
}

/* One that the CA looks at already (an earlier run answered it) comes before all preferences. */
static const struct acme_challenge *choose(const struct order *o, const struct acme_authz *a)
{
    for (size_t i = 0; i < a->n_challenges; i++) {
        const struct acme_challenge *c = &a->challenges[i];

        if (c->status == ACME_PROCESSING || c->status == ACME_VALID)
            return is_wanted(o, &a->id, c->type) ? c : NULL;
    }
    for (size_t i = 0; i < o->config.n_types; i++) {
        const struct acme_challenge *c = find(a, o->config.types[i]);

        if (c && c->status == ACME_PENDING && is_wanted(o, &a->id, c->type))
            return c;
    }
    return NULL;
}

/* "http-01, dns-01" of those for which a bit is set. */
static const char *type_names(unsigned set, char *buf, size_t cap)
{
    size_t len = 0;

    buf[0] = '\0';
    for (unsigned i = 0; i < N_CHALLENGE_TYPES; i++)
        if (set & 1U << i && len < cap)
            len += (size_t) snprintf(buf + len, cap - len, "%s%s", len ? ", " : "",
                                     acme_challenge_names[i]);
    return len ? buf : "none that is known";
}

static void fail_no_type(struct order *o, const struct acme_authz *a)
{
    unsigned offered = 0, wanted = 0;
    char offer[64], want[64];

    for (size_t i = 0; i < a->n_challenges; i++)
        offered |= 1U << a->challenges[i].type;
    for (unsigned i = 0; i < N_CHALLENGE_TYPES; i++)
        if (is_wanted(o, &a->id, (enum acme_challenge_type) i))
            wanted |= 1U << i;
    failure_set(&o->failure, FAILURE_REFUSED, STEP_AUTHORIZATION, -ENOTSUP, a->id.text,
                "the CA offers these challenges for %s: %s; what can be used here: %s", a->id.text,
                type_names(offered, offer, sizeof(offer)),
                wanted ? type_names(wanted, want, sizeof(want)) : "none");
    if (a->id.is_wildcard)
        failure_next(&o->failure, "A wildcard is proved by dns-01 alone: set ACME_CHALLENGE=dns-01 "
                                  "and the hook that changes your DNS, then `visavis cert test`.");
    else
        failure_next(&o->failure, "Set ACME_CHALLENGE to one that the CA offers, or leave it "
                                  "empty; `visavis doctor` tells why a type cannot be used, "
                                  "`visavis cert test` tries again.");
    order_end(o, true);
}

/* ---- failures ---- */

/* The CA's reason, from the challenge that was chosen before others. */
static const struct acme_problem *reason_of(const struct order_item *item)
{
    const struct acme_challenge *c = item_challenge(item);

    if (c && c->problem.type != PROBLEM_NONE)
        return &c->problem;
    for (size_t i = 0; i < item->doc.n_challenges; i++)
        if (item->doc.challenges[i].problem.type != PROBLEM_NONE)
            return &item->doc.challenges[i].problem;
    return NULL;
}

static const char *verdict(const struct order_item *item, char *buf, size_t cap)
{
    const struct acme_problem *reason = reason_of(item);

    if (reason)
        return acme_problem_text(reason, buf, cap);
    snprintf(buf, cap, "the CA calls its authorization %s and gives no reason",
             acme_status_names[item->doc.status == ACME_PENDING ? ACME_INVALID : item->doc.status]);
    return buf;
}

/* Notes that an authorisation came to nothing: the first of them in full, more in a sentence. */
static void note_failure(struct order *o, struct order_item *item)
{
    const struct acme_challenge *c = item_challenge(item);
    const struct acme_problem *reason = reason_of(item);
    char text[sizeof(o->failure.what)], where[sizeof(o->failure.where) + 32];

    item->state = ITEM_FAILED;
    verdict(item, text, sizeof(text));
    if (o->n_failed++ > 0) {
        size_t len = strlen(o->failure.what);

        snprintf(o->failure.what + len, sizeof(o->failure.what) - len, "; and for %s: %s",
                 item->doc.id.text, text);
        printable_clean(o->failure.what);
        return;
    }
    snprintf(where, sizeof(where), "%s%s%s", item->doc.id.text, c ? " by " : "",
             c ? acme_challenge_names[c->type] : "");
    if (reason)
        failure_of_problem(&o->failure, STEP_CHALLENGE, -EPROTO, where, reason);
    else
        failure_set(&o->failure,
                    item->doc.status == ACME_INVALID || c ? FAILURE_VALIDATION : FAILURE_CA,
                    STEP_CHALLENGE, -EPROTO, where, "%s", text);
}

bool order_tell_items(struct order *o)
{
    for (size_t i = 0; i < o->doc.n_authz; i++)
        if (o->items[i].state == ITEM_OPEN && reason_of(&o->items[i]))
            note_failure(o, &o->items[i]);
    return o->n_failed > 0;
}

/* ---- putting up and telling ---- */

static bool needs_proof(const struct order_item *item)
{
    const struct acme_challenge *c = item_challenge(item);

    return item->state == ITEM_OPEN && c &&
           (c->status == ACME_PENDING || c->status == ACME_PROCESSING);
}

static bool needs_response(const struct order_item *item)
{
    return needs_proof(item) && item_challenge(item)->status == ACME_PENDING;
}

static bool is_open(const struct order_item *item)
{
    return item->state == ITEM_OPEN;
}

/* The next item from at on; false: none. */
static bool go_to(struct order *o, bool (*is_it)(const struct order_item *))
{
    while (o->at < o->doc.n_authz && !is_it(&o->items[o->at]))
        o->at++;
    if (o->at < o->doc.n_authz)
        return true;
    o->at = 0;
    return false;
}

static void begin_poll(struct order *o, int64_t retry_after_s)
{
    order_begin_looks(o, PHASE_POLL);
    if (go_to(o, is_open)) {
        order_plan_look(o, retry_after_s);
        return;
    }
    order_begin_looks(o, PHASE_SETTLE);
}

static void begin_responses(struct order *o)
{
    o->phase = PHASE_RESPOND;
    o->at = 0;
    o->round_retry_s = 0;
    if (!go_to(o, needs_response))
        begin_poll(o, 0);
}

static void begin_proofs(struct order *o)
{
    o->phase = PHASE_PRESENT;
    o->at = 0;
    if (!go_to(o, needs_proof))
        begin_responses(o);
}

static bool is_turn(struct order *o, enum order_phase phase, const char *what)
{
    if (o->phase == phase && o->wait_ms == 0)
        return true;
    order_out_of_turn(o, what);
    return false;
}

void order_on_presented(struct order *o)
{
    if (!is_turn(o, PHASE_PRESENT, "a proof"))
        return;
    o->at++;
    if (!go_to(o, needs_proof))
        begin_responses(o);
}

static void note_retry(struct order *o, int64_t retry_after_s)
{
    if (retry_after_s > o->round_retry_s)
        o->round_retry_s = retry_after_s;
}

void order_on_responded(struct order *o, int64_t retry_after_s)
{
    if (!is_turn(o, PHASE_RESPOND, "the answer to a challenge"))
        return;
    o->asked = true;
    note_retry(o, retry_after_s);
    o->at++;
    if (!go_to(o, needs_response))
        begin_poll(o, o->round_retry_s);
}

/* ---- documents ---- */

void order_read_items(struct order *o)
{
    for (size_t i = 0; i < o->doc.n_authz; i++)
        o->items[i] = (struct order_item){.state = ITEM_UNKNOWN};
    o->n_failed = 0;
    o->phase = PHASE_READ;
    o->at = 0;
}

/* What is wrong with a document; NULL: it fits what is known. */
static const char *misfit(const struct order *o, const struct acme_authz *doc)
{
    const struct order_item *item = &o->items[o->at];
    const struct acme_challenge *c = item_challenge(item), *now;

    if (index_of(&o->config.ids, &doc->id) == o->config.ids.n)
        return "the CA wants an authorization for a name that was not asked for";
    for (size_t i = 0; i < o->doc.n_authz; i++) {
        bool is_same =
            o->items[i].state != ITEM_UNKNOWN && strcmp(o->items[i].doc.id.text, doc->id.text) == 0;

        if (is_same && i != o->at)
            return "the CA wants two authorizations for the same name";
        if (i == o->at && item->state != ITEM_UNKNOWN && !is_same)
            return "the CA changed the name of an authorization";
    }
    now = c ? find(doc, c->type) : NULL;
    if (now && (strcmp(now->url, c->url) != 0 || strcmp(now->token, c->token) != 0))
        return "the CA changed a challenge that was answered already";
    if (c && !now && doc->status == ACME_PENDING)
        return "the CA took a challenge away that was answered already";
    return NULL;
}

/* Its state by the document. */
static void judge(struct order *o, struct order_item *item)
{
    const struct acme_challenge *c = item_challenge(item);

    if (item->doc.status == ACME_VALID)
        item->state = ITEM_VALID;
    else if (item->doc.status == ACME_PENDING && !(c && c->status == ACME_INVALID))
        item->state = ITEM_OPEN;
    else
        note_failure(o, item);
}

/* One more was read for the first time. */
static void on_read(struct order *o, struct order_item *item)
{
    judge(o, item);
    if (item->state == ITEM_FAILED) {
        order_end(o, true);
        return;
    }
    if (item->state == ITEM_OPEN) {
        const struct acme_challenge *c = choose(o, &item->doc);

        if (!c) {
            fail_no_type(o, &item->doc);
            return;
        }
        item->choice = c->type;
        item->has_choice = true;
    }
    if (++o->at == o->doc.n_authz)
        begin_proofs(o);
}

/* All that are open were looked at once more. */
static void end_round(struct order *o)
{
    int64_t retry = o->round_retry_s;

    o->round_retry_s = 0;
    if (go_to(o, is_open)) {
        order_plan_look(o, retry);
        return;
    }
    if (o->n_failed > 0)
        order_end(o, true);
    else
        order_begin_looks(o, PHASE_SETTLE);
}

void order_on_authz(struct order *o, const struct acme_authz *doc, int64_t retry_after_s)
{
    struct order_item *item = &o->items[o->at];
    bool first = o->phase == PHASE_READ;
    const char *wrong;

    if (!is_turn(o, first ? PHASE_READ : PHASE_POLL, "an authorization"))
        return;
    wrong = misfit(o, doc);
    if (wrong) {
        order_misfit(o, STEP_AUTHORIZATION, wrong);
        return;
    }
    item->doc = *doc;
    if (first) {
        on_read(o, item);
        return;
    }
    note_retry(o, retry_after_s);
    judge(o, item);
    o->at++;
    if (!go_to(o, is_open))
        end_round(o);
}
