/* The requests of an order. */
#include "acme/issue_internal.h"

#include "acme/chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SETTLE_TRIES 3

/* An answer that holds an order. */
static int read_order(const struct issue *s, enum acme_step step, const char *url,
                      const struct acme_answer *a, struct acme_order *ret)
{
    const char *why;

    if (acme_order_parse(bytes_of(a->body, a->len), ret, &why) == 0)
        return 0;
    return acme_answer_unreadable(a, step, url, "JSON", why, s->f);
}

/* ---- newOrder ---- */

static int post_order(const struct issue *s, const char *replaces, struct acme_answer *ret)
{
    char *request = acme_order_request(&s->c->ids, s->c->profile, replaces);
    const char *url = s->directory->new_order;
    int r;

    if (!request)
        return issue_fail_local(s, STEP_ORDER, -ENOMEM, "the order cannot be made");
    r = acme_post_once(s->client, STEP_ORDER, url, request, ret, s->f);
    /* At worst there is an order at the CA now that nobody will use: as after a kill. */
    if (r == -EINPROGRESS)
        r = acme_post_once(s->client, STEP_ORDER, url, request, ret, s->f);
    free(request);
    return r;
}

/* Is it the replacing that the CA does not want? It is a hint, no need. */
static bool is_about_replacing(const struct acme_failure *f)
{
    switch (f->problem.type) {
    case PROBLEM_ALREADY_REPLACED:
    case PROBLEM_MALFORMED:
    case PROBLEM_UNAUTHORIZED:
        return true;
    default:
        return f->problem.status == 404 || f->problem.status == 409;
    }
}

static void name_profiles(const struct issue *s)
{
    const struct acme_directory *d = s->directory;
    char list[512] = "";
    size_t len = 0;

    if (s->f->problem.type != PROBLEM_INVALID_PROFILE || d->n_profiles == 0)
        return;
    for (size_t i = 0; i < d->n_profiles && len < sizeof(list); i++)
        len += (size_t) snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
                                 d->profiles[i].name);
    failure_next(s->f,
                 "Set ACME_PROFILE to one that the CA has (%s), or leave it empty, then "
                 "`visavis apply` and `visavis cert issue`.",
                 list);
}

static int take_new_order(struct issue *s, const struct acme_answer *a)
{
    const char *url = s->directory->new_order;
    struct acme_order doc;
    int r = acme_answer_has_location(a, STEP_ORDER, url, s->f);

    if (r < 0)
        return r;
    snprintf(s->kept.url, sizeof(s->kept.url), "%s", a->location);
    r = issue_keep_order(s);
    issue_tell(s, "The order is %s.", s->kept.url);
    if (r == 0)
        r = read_order(s, STEP_ORDER, url, a, &doc);
    if (r == 0)
        order_on_order(s->order, a->location, &doc, a->retry_after_s);
    return r;
}

int issue_create(struct issue *s)
{
    const char *replaces = s->c->replaces && *s->c->replaces ? s->c->replaces : NULL;
    struct acme_answer a;
    int r;

    s->kept.url[0] = '\0';
    s->kept.resumed = 0;
    r = issue_keep_order(s);
    if (r == 0)
        r = post_order(s, replaces, &a);
    if (r < 0 && replaces && is_about_replacing(s->f)) {
        issue_tell(s,
                   "The CA does not take the order as one that replaces the last certificate "
                   "(%s); it is ordered without saying so.",
                   s->f->what);
        r = post_order(s, NULL, &a);
    }
    if (r < 0) {
        name_profiles(s);
        return r;
    }
    r = take_new_order(s, &a);
    acme_answer_done(&a);
    return r;
}

/* ---- looking ---- */

static int get_order(const struct issue *s, enum acme_step step, struct acme_order *ret,
                     int64_t *ret_retry_after_s)
{
    const char *url = order_url(s->order);
    struct acme_answer a;
    int r = acme_post(s->client, step, url, NULL, &a, s->f);

    if (r < 0)
        return r;
    r = read_order(s, step, url, &a, ret);
    *ret_retry_after_s = a.retry_after_s;
    acme_answer_done(&a);
    return r;
}

int issue_fetch(struct issue *s)
{
    struct acme_order doc;
    int64_t retry_after_s;
    int r = get_order(s, STEP_ORDER, &doc, &retry_after_s);

    if (r == 0)
        order_on_order(s->order, NULL, &doc, retry_after_s);
    return r;
}

static int get_authz(const struct issue *s, size_t i, struct acme_authz *ret,
                     int64_t *ret_retry_after_s)
{
    const char *url = order_document(s->order)->authz[i], *why;
    struct acme_answer a;
    int r = acme_post(s->client, STEP_AUTHORIZATION, url, NULL, &a, s->f);

    if (r < 0)
        return r;
    if (acme_authz_parse(bytes_of(a.body, a.len), ret, &why) < 0)
        r = acme_answer_unreadable(&a, STEP_AUTHORIZATION, url, "JSON", why, s->f);
    *ret_retry_after_s = a.retry_after_s;
    acme_answer_done(&a);
    return r;
}

int issue_authz(struct issue *s, size_t i)
{
    struct acme_authz doc;
    int64_t retry_after_s;
    int r = get_authz(s, i, &doc, &retry_after_s);

    if (r == 0)
        order_on_authz(s->order, &doc, retry_after_s);
    return r;
}

/* ---- what must not happen twice ---- */

/* Has the CA not heard of our answer to that challenge? */
static int is_challenge_open(const struct issue *s, size_t i, const char *url, bool *ret)
{
    struct acme_authz doc;
    int64_t retry_after_s;
    int r = get_authz(s, i, &doc, &retry_after_s);

    *ret = false;
    if (r < 0 || doc.status != ACME_PENDING)
        return r;
    for (size_t k = 0; k < doc.n_challenges; k++)
        if (strcmp(doc.challenges[k].url, url) == 0)
            *ret = doc.challenges[k].status == ACME_PENDING;
    return 0;
}

int issue_respond(struct issue *s, size_t i, size_t challenge)
{
    const char *url = order_authz(s->order, i)->challenges[challenge].url;
    struct acme_answer a;
    bool open = true;
    int r = -EINPROGRESS;

    issue_tell(s, "The CA is asked to look for the proof for %s.",
               order_authz(s->order, i)->id.text);
    for (int n = 0; r == -EINPROGRESS && n < SETTLE_TRIES; n++) {
        r = acme_post_once(s->client, STEP_CHALLENGE, url, "{}", &a, s->f);
        if (r == 0) {
            order_on_responded(s->order, a.retry_after_s);
            acme_answer_done(&a);
            return 0;
        }
        if (r == -EINPROGRESS) {
            int looked = is_challenge_open(s, i, url, &open);

            if (looked < 0)
                return looked;
            if (!open) {
                order_on_responded(s->order, 0);
                return 0;
            }
        }
    }
    return r;
}

static char *finalize_request(const struct issue *s)
{
    uint8_t *der;
    size_t len;
    char *request;

    if (acme_csr(s->kept.key, &s->c->ids, &der, &len) < 0)
        return NULL;
    request = acme_finalize_request(bytes_of(der, len));
    free(der);
    return request;
}

static int post_finalize(const struct issue *s, const char *request, struct acme_order *ret,
                         int64_t *ret_retry_after_s)
{
    const char *url = order_document(s->order)->finalize;
    struct acme_answer a;
    int r = acme_post_once(s->client, STEP_FINALIZE, url, request, &a, s->f);

    if (r < 0)
        return r;
    r = read_order(s, STEP_FINALIZE, url, &a, ret);
    *ret_retry_after_s = a.retry_after_s;
    acme_answer_done(&a);
    return r;
}

int issue_finalize(struct issue *s)
{
    char *request = finalize_request(s);
    struct acme_order doc;
    int64_t retry_after_s = 0;
    int r = -EINPROGRESS;

    if (!request)
        return issue_fail_local(s, STEP_FINALIZE, -ENOMEM, "the request cannot be made");
    issue_tell(s, "All is proved; the certificate is asked for.");
    for (int n = 0; r == -EINPROGRESS && n < SETTLE_TRIES; n++) {
        r = post_finalize(s, request, &doc, &retry_after_s);
        if (r == -EINPROGRESS) {
            int looked = get_order(s, STEP_FINALIZE, &doc, &retry_after_s);

            if (looked < 0 || doc.status != ACME_READY)
                r = looked;
        }
    }
    free(request);
    if (r == 0)
        order_on_order(s->order, NULL, &doc, retry_after_s);
    return r;
}

/* ---- the certificate ---- */

/* After errors ret->status is 0 when there was no answer to be read. */
static int get_chain(const struct issue *s, const char *url, struct acme_answer *ret,
                     struct pair *ret_pair)
{
    char why[CHAIN_WHY_SIZE];
    int r = acme_post(s->client, STEP_DOWNLOAD, url, NULL, ret, s->f);

    if (r < 0)
        return r;
    r = chain_read(bytes_of(ret->body, ret->len), s->kept.key, &s->c->ids, ret_pair, why,
                   sizeof(why));
    if (r == -EINVAL)
        r = acme_answer_unreadable(ret, STEP_DOWNLOAD, url, "a PEM certificate chain", why, s->f);
    else if (r < 0)
        r = issue_fail_local(s, STEP_DOWNLOAD, r, "the certificate cannot be read");
    acme_answer_done(ret);
    return r;
}

static bool is_preferred(const struct issue *s, const struct pair *p)
{
    return chain_is_preferred(p, s->c->preferred_chain, s->c->roots_file);
}

/* One of the alternate chains, when the first is not the one that is wanted. */
static int choose_chain(struct issue *s, const struct acme_answer *first)
{
    struct acme_answer a;
    struct pair other;

    for (size_t i = 0; i < first->n_alternates; i++) {
        int r = get_chain(s, first->alternates[i], &a, &other);

        if (r == -EINTR || r == -ENOMEM)
            return r;
        if (r < 0) {
            issue_tell(s, "The alternate chain %s cannot be had: %s.", first->alternates[i],
                       s->f->what);
            continue;
        }
        if (is_preferred(s, &other)) {
            pair_done(&s->pair);
            s->pair = other;
            return 0;
        }
        pair_done(&other);
    }
    issue_tell(s, "The CA has no chain of %s (ACME_PREFERRED_CHAIN); its first is taken.",
               s->c->preferred_chain);
    return 0;
}

int issue_download(struct issue *s)
{
    struct acme_answer a;
    int r;

    issue_tell(s, "The certificate is there.");
    r = get_chain(s, order_document(s->order)->certificate, &a, &s->pair);
    s->unusable = r == -EPROTO && a.status != 0 && s->resumed;
    if (r == 0 && s->c->preferred_chain && *s->c->preferred_chain && !is_preferred(s, &s->pair))
        r = choose_chain(s, &a);
    return r;
}
