#include "acme/selfcheck.h"

#include "acme/reach.h"
#include "acme/run.h"
#include "base/rnd.h"

#include <errno.h>
#include <stdio.h>

#define TOKEN_LEN 43 /* as many random bits as a CA's have */
#define HTTP_PORT 80
#define HTTPS_PORT 443

static const struct acme_challenger *challenger_of(const struct acme_config *c,
                                                   enum acme_challenge_type type)
{
    for (size_t i = 0; c->challengers && c->challengers[i]; i++)
        if (c->challengers[i]->type == type)
            return c->challengers[i];
    return NULL;
}

/* A CA does not offer these (RFC 8555 section 7.1.3, RFC 8738 section 7). */
static bool is_offered(const struct acme_id *id, enum acme_challenge_type type)
{
    if (id->is_wildcard)
        return type == CHALLENGE_DNS_01;
    return !id->is_ip || type != CHALLENGE_DNS_01;
}

/* ---- who can? ---- */

static bool can(const struct acme_config *c, const struct acme_id *id,
                enum acme_challenge_type type, char *why, size_t why_size)
{
    const struct acme_challenger *ch = challenger_of(c, type);

    if (id->is_wildcard && !is_offered(id, type))
        snprintf(why, why_size, "%s does not prove wildcards", acme_challenge_names[type]);
    else if (!is_offered(id, type))
        snprintf(why, why_size, "%s does not prove IP addresses", acme_challenge_names[type]);
    else if (!ch)
        snprintf(why, why_size, "%s is not set up", acme_challenge_names[type]);
    else
        return !ch->can || ch->can(ch->arg, id, why, why_size);
    return false;
}

static int fail_none(const struct acme_config *c, const struct acme_id *id, const char *reasons,
                     struct acme_failure *f)
{
    failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, -EPERM, id->text,
                "there is no way to prove to a CA that %s is ours%s%s", id->text,
                *reasons ? ": " : "", reasons);
    if (id->is_wildcard)
        failure_next(f,
                     "A wildcard needs dns-01: set ACME_DNS_HOOK in /etc/visavis/.env to a script "
                     "that can be run (and ACME_CHALLENGE=auto), then `visavis apply` and "
                     "`visavis cert issue`.");
    else if (c->n_types < N_CHALLENGE_TYPES)
        failure_next(f, "ACME_CHALLENGE=auto in /etc/visavis/.env lets the other types be tried; "
                        "then `visavis apply` and `visavis cert issue`.");
    return -EPERM;
}

int selfcheck_begin(struct selfcheck *s, const struct acme_config *c, struct acme_failure *f)
{
    *s = (struct selfcheck){.c = c};
    for (size_t i = 0; i < c->ids.n; i++) {
        char reasons[1024] = "";
        size_t len = 0, n = 0;

        for (size_t t = 0; t < N_CHALLENGE_TYPES; t++)
            s->cannot[i][t] = true;
        for (size_t k = 0; k < c->n_types; k++) {
            char why[384] = "";
            int written;

            s->cannot[i][c->types[k]] = !can(c, &c->ids.list[i], c->types[k], why, sizeof(why));
            n += !s->cannot[i][c->types[k]];
            if (!s->cannot[i][c->types[k]] || !*why || len >= sizeof(reasons))
                continue;
            written = snprintf(reasons + len, sizeof(reasons) - len, "%s%s", len ? "; " : "", why);
            len += written > 0 ? (size_t) written : 0;
        }
        if (n == 0)
            return fail_none(c, &c->ids.list[i], reasons, f);
    }
    return 0;
}

/* ---- CAA ---- */

static void on_remark(const char *text, void *arg)
{
    run_tell(arg, false, "%s", text);
}

int selfcheck_caa(const struct selfcheck *s, const struct acme_directory *directory,
                  const char *account, struct acme_failure *f)
{
    const struct acme_config *c = s->c;
    enum acme_challenge_type types[N_CHALLENGE_TYPES];
    struct dns_servers resolver;
    struct reach_config reach = {
        .loop = c->loop,
        .resolver = &resolver,
        .user_agent = c->user_agent,
        .http_port = HTTP_PORT,
        .https_port = HTTPS_PORT,
        .account = account,
        .types = types,
        .remark = on_remark,
        .arg = (void *) c,
    };
    int r = 0;

    if (!c->self_check || directory->n_caa == 0)
        return 0;
    if (dns_servers_of(c->resolver, &resolver) < 0) {
        run_tell(c, true, "'%s' is no address of a DNS server, so CAA records are not looked at.",
                 c->resolver ? c->resolver : "");
        return 0;
    }
    for (size_t i = 0; r == 0 && i < c->ids.n; i++) {
        reach.n_types = 0;
        for (size_t k = 0; k < c->n_types; k++)
            if (!s->cannot[i][c->types[k]])
                types[reach.n_types++] = c->types[k];
        if (!c->ids.list[i].is_ip)
            r = reach_caa(&reach, &c->ids.list[i], (const char(*)[256]) directory->caa,
                          directory->n_caa, f);
    }
    return r;
}

/* ---- proofs ---- */

/* Puts up a proof of ours and looks for it. */
static int try_proof(const struct acme_challenger *ch, const struct acme_id *id,
                     struct acme_failure *f)
{
    char token[TOKEN_LEN + 1], thumbprint[TOKEN_LEN + 1], authorization[2 * TOKEN_LEN + 2];
    struct acme_proof proof = {
        .type = ch->type,
        .id = id,
        .token = token,
        .key_authorization = authorization,
    };
    int r;

    rnd_alnum(token, TOKEN_LEN);
    rnd_alnum(thumbprint, TOKEN_LEN);
    snprintf(authorization, sizeof(authorization), "%s.%s", token, thumbprint);
    r = ch->present(ch->arg, &proof, f);
    if (r == 0)
        r = ch->check(ch->arg, &proof, f);
    ch->withdraw(ch->arg, &proof);
    if (r < 0) {
        f->kind = FAILURE_SELF_CHECK;
        f->step = STEP_SELF_CHECK;
    }
    return r;
}

static void tell_left_out(const struct acme_config *c, const struct acme_id *id,
                          enum acme_challenge_type type, const struct acme_failure *f)
{
    char text[3072];

    run_tell(c, false, "%s is left out for %s: %s", acme_challenge_names[type], id->text,
             failure_text(f, text, sizeof(text)));
}

static int tell_lenient(struct selfcheck *s, size_t i, enum acme_challenge_type type,
                        const struct acme_failure *f)
{
    char text[3072];

    s->checked[i][type] = true;
    run_tell(s->c, true, "%s", failure_text(f, text, sizeof(text)));
    run_tell(s->c, false, "The CA is asked to look for itself all the same.");
    return 0;
}

/* Until one is seen. *f is that of the type preferred most, when none is; the others are told. */
static int check_id(struct selfcheck *s, size_t i, struct acme_failure *f)
{
    const struct acme_id *id = &s->c->ids.list[i];
    enum acme_challenge_type first = N_CHALLENGE_TYPES;
    int error = -EPERM;

    for (size_t k = 0; k < s->c->n_types; k++) {
        enum acme_challenge_type type = s->c->types[k];
        const struct acme_challenger *ch = challenger_of(s->c, type);
        struct acme_failure found = {.kind = FAILURE_NONE};
        int r = 0;

        if (s->cannot[i][type])
            continue;
        if (!s->checked[i][type] && s->c->self_check && ch->check)
            r = try_proof(ch, id, &found);
        if (r == 0 && first < N_CHALLENGE_TYPES)
            tell_left_out(s->c, id, first, f);
        if (r == 0 || r == -EINTR) {
            s->checked[i][type] |= r == 0;
            return r;
        }
        if (s->lenient)
            return tell_lenient(s, i, type, &found);
        s->cannot[i][type] = true;
        if (first < N_CHALLENGE_TYPES) {
            tell_left_out(s->c, id, type, &found);
            continue;
        }
        first = type;
        error = r;
        *f = found;
    }
    return first < N_CHALLENGE_TYPES ? error : fail_none(s->c, id, "", f);
}

int selfcheck_proofs(struct selfcheck *s, struct acme_failure *f)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->c->ids.n; i++)
        r = check_id(s, i, f);
    return r;
}

bool selfcheck_has_all(const struct selfcheck *s)
{
    for (size_t i = 0; i < s->c->ids.n; i++) {
        bool any = false;

        for (size_t k = 0; k < s->c->n_types; k++)
            any |= !s->cannot[i][s->c->types[k]];
        if (!any)
            return false;
    }
    return true;
}
