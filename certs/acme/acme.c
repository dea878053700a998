#include "acme/acme.h"

#include "acme/run.h"
#include "certs/issue.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

/* So often in a row a failed try counts little for the CA: they are a day apart by then. */
#define PATIENT_AFTER 3

/* Before the next run when what happened cannot be noted: it would not know of any failure. */
#define UNSAVED_WAIT_S 6000

struct session {
    const struct acme_config *c;
    enum acme_mode mode;
    struct vault vault;
    struct kept kept;
    struct selfcheck check;
    bool is_unsaved; /* the state, as the files cannot be written */
};

static struct due_pair due_pair_of(const struct session *s)
{
    return kept_due_pair(&s->kept, &s->c->ids, &s->c->key_type);
}

/* ---- what is kept ---- */

static void save_state(struct session *s)
{
    char *text = s->mode == ACME_TEST ? NULL : state_text(&s->kept.state);
    int r = text ? vault_put_state(&s->vault, &s->c->ids, bytes_str(text)) : -ENOMEM;

    free(text);
    s->is_unsaved = r < 0 && s->mode != ACME_TEST;
    if (s->is_unsaved)
        run_tell(s->c, true,
                 "What happened could not be noted in %s: %s. `df -h %s` shows whether "
                 "it can be written.",
                 s->c->folder, strerror(-r), s->c->folder);
}

static void note_success(struct session *s, const char *directory, enum acme_challenge_type type)
{
    struct acme_state *st = &s->kept.state;

    st->result = RESULT_OK;
    st->attempt_s = st->success_s = run_now_s();
    st->failures = 0;
    st->not_before_s = 0;
    st->not_before_directory[0] = '\0';
    snprintf(st->directory, sizeof(st->directory), "%s", directory);
    st->staging_first = false;
    if (type < N_CHALLENGE_TYPES)
        st->type = type;
    st->failure = (struct acme_failure){.kind = FAILURE_NONE};
    save_state(s);
}

static void note_failure(struct session *s, const char *directory, const struct acme_failure *f)
{
    struct acme_state *st = &s->kept.state;

    st->result = RESULT_FAILED;
    st->attempt_s = run_now_s();
    st->failures++;
    if (f->not_before > 0) {
        st->not_before_s = f->not_before;
        snprintf(st->not_before_directory, sizeof(st->not_before_directory), "%s", directory);
    } else if (strcmp(st->not_before_directory, directory) == 0) {
        st->not_before_s = 0;
        st->not_before_directory[0] = '\0';
    }
    snprintf(st->directory, sizeof(st->directory), "%s", directory);
    st->staging_first |= f->kind == FAILURE_VALIDATION || f->kind == FAILURE_REFUSED;
    st->failure = *f;
    save_state(s);
}

/* A run was killed between storing the pair and noting that it did. */
static void finish_last_run(struct session *s)
{
    struct vault_order o;
    bool done;

    if (s->mode == ACME_TEST || !s->kept.has_pair ||
        vault_load_order(&s->vault, &s->c->ids, &o) < 0)
        return;
    done = EVP_PKEY_eq(o.key, s->kept.pair.pair.key) == 1;
    vault_order_done(&o);
    if (!done)
        return;
    note_success(s, s->kept.pair.directory, N_CHALLENGE_TYPES);
    (void) vault_drop_order(&s->vault, &s->c->ids); /* tried again by the next run */
}

static int open_session(struct session *s)
{
    int r = run_open_vault(s->c, &s->vault);

    if (r < 0)
        return r;
    r = kept_load(s->c->folder, &s->c->ids, &s->kept);
    if (r < 0)
        return r;
    if (s->kept.is_damaged)
        run_tell(s->c, true,
                 "What was kept of the certificate for %s in %s is damaged; what cannot be read is "
                 "made anew.",
                 s->c->ids.list[0].text, s->c->folder);
    finish_last_run(s);
    return 0;
}

/* ---- one attempt ---- */

static void tell_begin(const struct session *s, enum due_reason due, const char *directory)
{
    static const char *const reasons[N_DUE_REASONS] = {
        [DUE_NOT] = "it was asked for",
        [DUE_NO_PAIR] = "there is none yet",
        [DUE_OTHER_NAMES] = "the names, or the kind of key, are others now",
        [DUE_REVOKED] = "the last one was revoked",
        [DUE_ARI] = "the CA says that it is time",
        [DUE_AGE] = "it is time to renew it",
        [DUE_EXPIRED] = "the last one has expired",
        [DUE_NOT_YET_VALID] = "the last one is not valid yet by this machine's clock",
    };
    const struct acme_ids *ids = &s->c->ids;
    char more[48] = "";

    if (ids->n > 1)
        snprintf(more, sizeof(more), " and %zu more name%s", ids->n - 1, ids->n > 2 ? "s" : "");
    run_tell(s->c, false, "A certificate for %s%s is asked for from %s: %s.", ids->list[0].text,
             more, directory, reasons[due]);
    if (due == DUE_ARI && s->kept.state.ari.info.explanation[0])
        run_tell(s->c, false, "Why, the CA explains here: %s", s->kept.state.ari.info.explanation);
}

static int make_at(struct session *s, const struct acme_ca *ca, bool dry, struct pair *ret,
                   enum acme_challenge_type *ret_type, struct acme_failure *f)
{
    const struct attempt a = {
        .c = s->c,
        .ca = ca,
        .account_vault = s->mode == ACME_TEST ? NULL : &s->vault,
        .order_vault = dry ? NULL : &s->vault,
        .kept = &s->kept,
        .check = &s->check,
    };

    return attempt_make(&a, ret, ret_type, f);
}

/* Would the real CA's work be spent for nothing? Trouble of the staging server's own is no reason
 * to go without a certificate. */
static bool speaks_for_the_ca(const struct acme_failure *f)
{
    switch (f->kind) {
    case FAILURE_SELF_CHECK:
    case FAILURE_CLOCK:
    case FAILURE_VALIDATION:
    case FAILURE_LOCAL:
        return true;
    default:
        return false;
    }
}

static int rehearse(struct session *s, struct acme_failure *f)
{
    enum acme_challenge_type type;
    struct pair pair = {.n = 0};
    char text[3072];
    int r;

    run_tell(s->c, false, "After the last failure it is tried at the staging server before: %s",
             s->c->staging.directory);
    r = make_at(s, &s->c->staging, true, &pair, &type, f);
    pair_done(&pair);
    if (r == 0)
        run_tell(s->c, false, "It passed there.");
    if (r == 0 || r == -EINTR || speaks_for_the_ca(f))
        return r;
    run_tell(s->c, false, "The staging server could not tell: %s",
             failure_text(f, text, sizeof(text)));
    return 0;
}

static bool wants_rehearsal(const struct session *s, const struct acme_ca *ca)
{
    return s->mode == ACME_IF_DUE && ca == &s->c->ca && s->c->staging.directory &&
           s->kept.state.staging_first && s->kept.state.failures <= PATIENT_AFTER;
}

/* *ret_directory: of the server that it ended at. */
static int make(struct session *s, const struct acme_ca *ca, struct pair *ret,
                enum acme_challenge_type *ret_type, const char **ret_directory,
                struct acme_failure *f)
{
    int r = selfcheck_begin(&s->check, s->c, f);

    *ret_directory = ca->directory;
    if (r < 0)
        return r;
    s->check.lenient =
        s->kept.state.failures > PATIENT_AFTER && s->kept.state.failure.kind == FAILURE_SELF_CHECK;
    if (wants_rehearsal(s, ca)) {
        *ret_directory = s->c->staging.directory;
        r = rehearse(s, f);
        if (r < 0)
            return r;
        *ret_directory = ca->directory;
    }
    *f = (struct acme_failure){.kind = FAILURE_NONE};
    return make_at(s, ca, s->mode == ACME_TEST, ret, ret_type, f);
}

/* ---- what came of it ---- */

/* One that is of no use as it comes would be asked for again at once, and again. */
static int check_dates(const struct session *s, const struct acme_ca *ca, const struct pair *pair,
                       struct acme_failure *f)
{
    int64_t begin = time_of(X509_get0_notBefore(pair->chain[0]));
    int64_t end = time_of(X509_get0_notAfter(pair->chain[0]));
    int64_t now_s = run_now_s();
    char date[RUN_TIME_SIZE], now[RUN_TIME_SIZE];
    bool is_over = end <= now_s;

    if (!is_over && begin <= now_s + DUE_CLOCK_TOLERANCE_S)
        return 0;
    failure_set(f, FAILURE_CA, STEP_DOWNLOAD, -EPROTO, ca->directory,
                "the certificate that the CA issued %s %s, and this machine's clock says %s",
                is_over ? "was valid until" : "is valid only from",
                run_time_text(is_over ? end : begin, date), run_time_text(now_s, now));
    failure_next(f, "See that the clock is right: `timedatectl`. If it is, that is a fault of the "
                    "CA.");
    (void) vault_drop_order(&s->vault, &s->c->ids); /* its end is that certificate */
    return -EPROTO;
}

/* The pair is the vault's from now on. */
static int take_over(struct session *s, const struct acme_ca *ca, const struct pair *pair,
                     enum acme_challenge_type type, struct acme_failure *f)
{
    int r = check_dates(s, ca, pair, f);

    if (r < 0)
        return r;
    r = vault_put_pair(&s->vault, &s->c->ids, pair, ca->directory);
    if (r == 0) {
        kept_done(&s->kept);
        r = vault_load_pair(s->c->folder, &s->c->ids, &s->kept.pair);
        s->kept.has_pair = r == 0;
    }
    if (r < 0) {
        failure_set(f, FAILURE_LOCAL, STEP_STORE, r, s->c->folder,
                    "the certificate was issued, and could not be stored: %s", strerror(-r));
        failure_next(f, "`df -h %s` shows whether there is room. The next run fetches it again.",
                     s->c->folder);
        return r;
    }
    if (acme_ari_id(s->kept.pair.pair.chain[0], s->kept.ari_id) < 0)
        s->kept.ari_id[0] = '\0';
    note_success(s, ca->directory, type);
    (void) vault_drop_order(&s->vault, &s->c->ids); /* tried again by the next run */
    return 0;
}

static void tell_issued(const struct session *s)
{
    struct due_pair p = due_pair_of(s);
    char until[RUN_TIME_SIZE], then[RUN_TIME_SIZE];

    run_tell(s->c, false, "The certificate is here, valid until %s; its renewal is due on %s.",
             run_time_text(p.not_after_s, until),
             run_time_text(due_renewal_s(&p, &s->kept.state), then));
}

int64_t acme_next_s(const struct acme_config *c, const struct due_pair *p,
                    const struct acme_state *s, int64_t now_s)
{
    struct acme_state own = run_state_for(s, run_choose_ca(c, s, now_s));

    return due_next_s(p, &own, now_s);
}

static int64_t next_s(const struct session *s)
{
    int64_t now_s = run_now_s();
    struct due_pair p = due_pair_of(s);
    int64_t next = acme_next_s(s->c, &p, &s->kept.state, now_s);

    return s->is_unsaved && next < now_s + UNSAVED_WAIT_S ? now_s + UNSAVED_WAIT_S : next;
}

static void tell_failed(const struct session *s, const struct acme_failure *f)
{
    char text[4000], when[RUN_TIME_SIZE];

    run_tell(s->c, true, "%s", failure_text(f, text, sizeof(text)));
    if (s->mode != ACME_TEST)
        run_tell(s->c, false, "The next try is made after %s. What is served until then stays.",
                 run_time_text(next_s(s), when));
}

/* That of an earlier pair, when nobody tells of this one: its time to be looked at is over. */
static void forget_other_renewal_info(struct session *s)
{
    struct acme_ari *a = &s->kept.state.ari;

    if (!a->id[0] || strcmp(a->id, s->kept.ari_id) == 0)
        return;
    *a = (struct acme_ari){.id = ""};
    save_state(s);
}

static int look_at_renewal_info(struct session *s)
{
    int r;

    if (s->mode == ACME_TEST)
        return 0;
    if (!renewal_info_is_due(s->c, &s->kept, run_now_s())) {
        forget_other_renewal_info(s);
        return 0;
    }
    r = renewal_info_fetch(s->c, &s->kept);
    if (r == 0)
        save_state(s);
    return r;
}

/* What can be tested without one. */
static int test_without_staging(struct session *s, struct acme_failure *f)
{
    int r = selfcheck_begin(&s->check, s->c, f);

    if (r == 0)
        r = selfcheck_proofs(&s->check, f);
    if (r < 0)
        return r;
    run_tell(s->c, false, "The self-check passed.");
    r = failure_set(f, FAILURE_REFUSED, STEP_DIRECTORY, -ENOENT, "",
                    "no staging server is known for %s, and nothing is tried at the CA itself",
                    s->c->ca.directory);
    failure_next(f, "If it has one, set ACME_STAGING_SERVER in /etc/visavis/.env.");
    return r;
}

static int try_once(struct session *s, const struct acme_ca *ca, enum due_reason due,
                    struct acme_report *ret)
{
    struct pair pair = {.n = 0};
    enum acme_challenge_type type = N_CHALLENGE_TYPES;
    struct acme_failure f = {.kind = FAILURE_NONE};
    const char *directory = "";
    int r;

    if (ca->directory) {
        tell_begin(s, due, ca->directory);
        r = make(s, ca, &pair, &type, &directory, &f);
    } else {
        r = test_without_staging(s, &f);
    }
    if (r == 0 && s->mode != ACME_TEST)
        r = take_over(s, ca, &pair, type, &f);
    pair_done(&pair);
    if (r == -EINTR)
        return r;
    ret->end = r == 0 ? ACME_ISSUED : ACME_FAILED;
    if (r < 0 && s->mode == ACME_TEST) {
        s->kept.state.result = RESULT_FAILED; /* for the report alone */
        s->kept.state.failure = f;
    } else if (r < 0) {
        note_failure(s, directory, &f);
    }
    if (r < 0) {
        tell_failed(s, &f);
        return 0;
    }
    if (s->mode == ACME_TEST) {
        run_tell(s->c, false, "All of it passed; nothing was kept.");
        return 0;
    }
    (void) look_at_renewal_info(s);
    tell_issued(s);
    return 0;
}

/* ---- is it time? ---- */

/* A wrong clock made the pair seem due, and is right again. */
static void forget_clock(struct session *s)
{
    struct acme_state *st = &s->kept.state;

    if (st->result != RESULT_FAILED || st->failure.kind != FAILURE_CLOCK)
        return;
    st->result = st->success_s > 0 ? RESULT_OK : RESULT_NEVER;
    st->attempt_s = st->success_s; /* not the time that never was */
    st->failures = 0;
    st->failure = (struct acme_failure){.kind = FAILURE_NONE};
    save_state(s);
}

/* Until when the CA, or our own patience, forbids another try; 0: it may be made. */
static int64_t forbidden_until_s(const struct session *s, const struct acme_ca *ca, int64_t now_s)
{
    struct acme_state own = run_state_for(&s->kept.state, ca);
    struct due_pair p = due_pair_of(s);
    int64_t until_s;

    if (s->mode == ACME_TEST)
        return 0;
    if (s->mode == ACME_NOW)
        own.failures = 0;
    until_s = due_retry_s(&own, p.exists ? p.not_after_s - p.not_before_s : 0, now_s);
    return until_s > now_s ? until_s : 0;
}

static int run(struct session *s, struct acme_report *ret)
{
    int r = look_at_renewal_info(s);
    int64_t now_s = run_now_s(), until_s;
    struct due_pair pair = due_pair_of(s);
    const struct acme_ca *ca =
        s->mode == ACME_TEST ? &s->c->staging : run_choose_ca(s->c, &s->kept.state, now_s);
    char when[RUN_TIME_SIZE];

    if (r < 0)
        return r;
    ret->due = due_renewal(&pair, &s->kept.state, now_s);
    if (ret->due == DUE_NOT)
        forget_clock(s);
    ret->end = ACME_NOT_DUE;
    if (ret->due == DUE_NOT && s->mode == ACME_IF_DUE)
        return 0;
    until_s = forbidden_until_s(s, ca, now_s);
    if (until_s == 0)
        return try_once(s, ca, ret->due, ret);
    ret->end = ACME_WAITING;
    if (s->mode == ACME_NOW)
        run_tell(s->c, true,
                 "%s wants no further request before %s, and said so. Nothing was tried.",
                 ca->directory, run_time_text(until_s, when));
    return 0;
}

int acme_run(const struct acme_config *c, enum acme_mode mode, struct acme_report *ret)
{
    struct session s = {.c = c, .mode = mode, .vault = {.lock_fd = -1}};
    int r = open_session(&s);

    *ret = (struct acme_report){.end = ACME_FAILED};
    if (r == 0)
        r = run(&s, ret);
    if (r == 0) {
        ret->state = s.kept.state;
        ret->next_s = next_s(&s);
    }
    kept_done(&s.kept);
    vault_close(&s.vault);
    return r;
}

int acme_look(const char *folder, const struct acme_ids *ids, struct acme_state *ret_state,
              struct due_pair *ret_pair, char ari_id[static ACME_ARI_ID_SIZE])
{
    struct kept k;
    int r = kept_load(folder, ids, &k);

    if (r == 0 && !k.has_pair && !k.has_state)
        r = k.is_damaged ? -EINVAL : -ENOENT;
    if (r == 0) {
        *ret_state = k.state;
        *ret_pair = kept_due_pair(&k, ids, NULL);
        memcpy(ari_id, k.ari_id, ACME_ARI_ID_SIZE);
        ret_pair->ari_id = ari_id;
    }
    kept_done(&k);
    return r;
}
