#include "acme/issue_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void issue_tell(const struct issue *s, const char *fmt, ...)
{
    char text[2048];
    va_list args;

    if (!s->c->tell)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    s->c->tell(text, s->c->arg);
}

int issue_fail_local(const struct issue *s, enum acme_step step, int error, const char *what)
{
    return failure_set(s->f, FAILURE_LOCAL, step, error, "", "%s (%s)", what, strerror(-error));
}

/* ---- the order in the vault ---- */

int issue_keep_order(struct issue *s)
{
    int r = s->c->vault ? vault_put_order(s->c->vault, &s->c->ids, &s->kept) : 0;

    return r < 0 ? issue_fail_local(s, STEP_STORE, r, "the order cannot be stored") : 0;
}

static int drop_order(struct issue *s)
{
    int r = s->c->vault ? vault_drop_order(s->c->vault, &s->c->ids) : 0;

    vault_order_done(&s->kept);
    s->kept = (struct vault_order){.key = NULL};
    return r < 0 ? issue_fail_local(s, STEP_STORE, r, "the last order cannot be put aside") : 0;
}

/* Was the pair of that order stored, and its end not noted? */
static bool is_in_use(const struct issue *s, const EVP_PKEY *key)
{
    struct vault_pair p;
    bool same;

    if (vault_load_pair(s->c->vault->folder, &s->c->ids, &p) < 0)
        return false;
    same = EVP_PKEY_eq(p.pair.key, key) == 1;
    vault_pair_done(&p);
    return same;
}

/* The order of an earlier run, or at least its key. */
static int open_order(struct issue *s)
{
    int r = s->c->vault ? vault_load_order(s->c->vault, &s->c->ids, &s->kept) : -ENOENT;

    if (r == 0 && (strcmp(s->kept.directory, s->c->directory) != 0 ||
                   !acme_key_is(s->kept.key, s->c->key_type) || is_in_use(s, s->kept.key)))
        return drop_order(s);
    if (r < 0 && r != -ENOENT && r != -EINVAL)
        return issue_fail_local(s, STEP_STORE, r, "the last order cannot be read");
    if (r < 0 || !s->kept.url[0])
        return 0;
    if (s->kept.resumed >= ISSUE_RESUMES_MAX) {
        issue_tell(s, "The order %s has come to nothing in %u runs; a new one takes its place.",
                   s->kept.url, s->kept.resumed + 1);
        return drop_order(s);
    }
    s->kept.resumed++;
    order_resume(s->order, s->kept.url);
    s->resumed = true;
    return issue_keep_order(s);
}

static int need_key(struct issue *s)
{
    if (s->kept.key)
        return 0;
    s->kept = (struct vault_order){.key = acme_key_new(s->c->key_type)};
    snprintf(s->kept.directory, sizeof(s->kept.directory), "%s", s->c->directory);
    return s->kept.key ? 0
                       : issue_fail_local(s, STEP_ORDER, -ENOMEM,
                                          "the key of the certificate cannot be made");
}

/* ---- its course ---- */

static int present(struct issue *s, size_t i, size_t challenge)
{
    const struct acme_authz *authz = order_authz(s->order, i);
    const struct acme_challenge *c = &authz->challenges[challenge];
    int r = proofs_present(s->proofs, &authz->id, c, s->f);

    if (r < 0)
        return r;
    s->type = c->type;
    issue_tell(s, "The proof of %s for %s is up.", acme_challenge_names[c->type], authz->id.text);
    order_on_presented(s->order);
    return 0;
}

static int wait_for(struct issue *s, uint64_t ms)
{
    uint64_t begin_ms = clock_ms();
    int r = acme_client_wait(s->client, ms);

    if (r < 0)
        return issue_fail_local(s, STEP_ORDER, r, "ended from outside");
    order_on_waited(s->order, clock_ms() - begin_ms);
    return 0;
}

static int act(struct issue *s, const struct order_todo *todo)
{
    switch (todo->action) {
    case ORDER_CREATE:
        return issue_create(s);
    case ORDER_FETCH:
        return issue_fetch(s);
    case ORDER_AUTHZ:
        return issue_authz(s, todo->authz);
    case ORDER_PRESENT:
        return present(s, todo->authz, todo->challenge);
    case ORDER_RESPOND:
        return issue_respond(s, todo->authz, todo->challenge);
    case ORDER_WAIT:
        return wait_for(s, todo->wait_ms);
    case ORDER_FINALIZE:
        return issue_finalize(s);
    case ORDER_DOWNLOAD:
        return issue_download(s);
    case ORDER_FAILED:
    case N_ORDER_ACTIONS:
        break;
    }
    return 0;
}

/* A resumed one: was it made with another profile than is wanted now? */
static bool is_of_other_profile(const struct issue *s)
{
    const struct acme_order *doc = order_document(s->order);

    return s->resumed && doc && s->c->profile && *s->c->profile && doc->profile[0] &&
           strcmp(doc->profile, s->c->profile) != 0;
}

/* Until there is a pair, or it failed: -EPROTO or another error, and *s->f. -ESTALE: another order
 * is needed. */
static int drive(struct issue *s)
{
    struct order_todo todo;

    for (;;) {
        int r = 0;

        order_next(s->order, &todo);
        if (todo.action == ORDER_FAILED) {
            *s->f = *order_failure(s->order);
            return order_is_stale(s->order) ? -ESTALE : -EPROTO;
        }
        if (is_of_other_profile(s))
            return failure_set(s->f, FAILURE_REFUSED, STEP_ORDER, -ESTALE, order_url(s->order),
                               "it is for the profile %s", order_document(s->order)->profile);
        r = act(s, &todo);
        if (todo.action == ORDER_DOWNLOAD || r == -EINTR)
            return r;
        if (r < 0)
            order_on_failure(s->order, s->f);
    }
}

static int new_order(struct issue *s)
{
    struct order_config oc = {.ids = s->c->ids, .n_types = s->c->n_types};
    int r;

    memcpy(oc.types, s->c->types, sizeof(oc.types));
    for (size_t i = 0; i < s->c->ids.n; i++)
        for (unsigned t = 0; t < N_CHALLENGE_TYPES; t++)
            oc.cannot[i][t] = !proofs_can(s->proofs, i, (enum acme_challenge_type) t) ||
                              (s->c->cannot && s->c->cannot[i][t]);
    s->order = order_free(s->order);
    r = order_new(&oc, &s->order);
    return r < 0 ? issue_fail_local(s, STEP_ORDER, r, "the order cannot be made") : 0;
}

/* Of types that were tried and did not do. */
static void note_failed_types(const struct issue *s)
{
    const struct acme_order *doc = order_document(s->order);

    if (!doc || !s->c->cannot || s->f->kind != FAILURE_VALIDATION)
        return;
    for (size_t i = 0; i < doc->n_authz; i++) {
        const struct acme_authz *authz = order_authz(s->order, i);
        const struct acme_challenge *c = order_challenge(s->order, i);

        for (size_t k = 0; authz && c && authz->status == ACME_INVALID && k < s->c->ids.n; k++)
            if (strcmp(s->c->ids.list[k].text, authz->id.text) == 0)
                s->c->cannot[k][c->type] = true;
    }
}

/* The order is not worth keeping: it failed for good, or its certificate cannot be used. */
static bool is_lost(const struct issue *s)
{
    struct order_todo todo;

    order_next(s->order, &todo);
    if (todo.action == ORDER_DOWNLOAD)
        return s->unusable || s->f->kind == FAILURE_REFUSED;
    /* One whose document was never read is known by the URL that we kept alone. */
    return todo.action == ORDER_FAILED && order_url(s->order)[0] && !order_can_resume(s->order);
}

static void end(struct issue *s)
{
    struct acme_failure failure = *s->f;

    note_failed_types(s);
    /* One that was not begun keeps its key: newOrder may have been heard. */
    if (s->kept.url[0] && is_lost(s) && drop_order(s) < 0)
        issue_tell(s, "%s.", s->f->what);
    *s->f = failure;
}

/* One order, from its beginning or where an earlier run left it. */
static int run_order(struct issue *s, bool may_resume)
{
    int r = new_order(s);

    if (r == 0 && may_resume)
        r = open_order(s);
    if (r == 0)
        r = need_key(s);
    if (r == 0 && s->resumed)
        issue_tell(s, "The order %s of an earlier run is gone on with.", s->kept.url);
    return r < 0 ? r : drive(s);
}

static int run(struct issue *s)
{
    int r = acme_client_directory(s->client, &s->directory, s->f);

    if (r < 0)
        return r;
    r = proofs_new(s->c->challengers, &s->c->ids, s->c->account_key, s->c->tell, s->c->arg,
                   &s->proofs);
    if (r < 0)
        return issue_fail_local(s, STEP_CHALLENGE, r, "the proofs cannot be made");
    r = run_order(s, true);
    if (r == -ESTALE) {
        issue_tell(s, "It is of no use any more (%s); a new one takes its place.", s->f->what);
        s->resumed = false;
        r = drop_order(s);
        if (r == 0)
            r = run_order(s, false);
    }
    if (r < 0 && s->order)
        end(s);
    return r;
}

int issue_run(struct acme_client *client, const struct issue_config *c, struct pair *ret,
              enum acme_challenge_type *ret_type, struct acme_failure *f)
{
    struct issue s = {.client = client, .c = c, .type = N_CHALLENGE_TYPES, .f = f};
    int r = run(&s);

    proofs_free(s.proofs);
    order_free(s.order);
    vault_order_done(&s.kept);
    if (r < 0) {
        pair_done(&s.pair);
        return r;
    }
    *ret = s.pair;
    *ret_type = s.type;
    return 0;
}
