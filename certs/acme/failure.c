#include "acme/failure.h"

#include "acme/printable.h"

#include <stdarg.h>
#include <stdio.h>

const char *const acme_step_names[N_ACME_STEPS] = {
    [STEP_CLOCK] = "clock",         [STEP_SELF_CHECK] = "self-check",
    [STEP_DIRECTORY] = "directory", [STEP_ACCOUNT] = "account",
    [STEP_ORDER] = "order",         [STEP_AUTHORIZATION] = "authorization",
    [STEP_CHALLENGE] = "challenge", [STEP_FINALIZE] = "finalize",
    [STEP_DOWNLOAD] = "download",   [STEP_STORE] = "store",
    [STEP_REVOKE] = "revoke",
};

const char *const acme_failure_names[N_FAILURE_KINDS] = {
    [FAILURE_NONE] = "none",
    [FAILURE_SELF_CHECK] = "self-check",
    [FAILURE_CLOCK] = "clock",
    [FAILURE_UNREACHABLE] = "unreachable",
    [FAILURE_TLS] = "tls",
    [FAILURE_CA] = "ca",
    [FAILURE_RATE_LIMIT] = "rate-limit",
    [FAILURE_VALIDATION] = "validation",
    [FAILURE_REFUSED] = "refused",
    [FAILURE_LOCAL] = "local",
};

/* What the types mean when the CA looked for a proof; REFUSED and VALIDATION differ by the step. */
static const enum acme_failure_kind kinds[N_PROBLEM_TYPES] = {
    [PROBLEM_ACCOUNT_DOES_NOT_EXIST] = FAILURE_REFUSED,
    [PROBLEM_ALREADY_REPLACED] = FAILURE_CA, /* another order does */
    [PROBLEM_ALREADY_REVOKED] = FAILURE_REFUSED,
    [PROBLEM_BAD_CSR] = FAILURE_REFUSED,
    [PROBLEM_BAD_NONCE] = FAILURE_CA,
    [PROBLEM_BAD_PUBLIC_KEY] = FAILURE_REFUSED,
    [PROBLEM_BAD_REVOCATION_REASON] = FAILURE_REFUSED,
    [PROBLEM_BAD_SIGNATURE_ALGORITHM] = FAILURE_REFUSED,
    [PROBLEM_CAA] = FAILURE_REFUSED,
    [PROBLEM_CONNECTION] = FAILURE_VALIDATION,
    [PROBLEM_DNS] = FAILURE_VALIDATION,
    [PROBLEM_EXTERNAL_ACCOUNT_REQUIRED] = FAILURE_REFUSED,
    [PROBLEM_INCORRECT_RESPONSE] = FAILURE_VALIDATION,
    [PROBLEM_INVALID_CONTACT] = FAILURE_REFUSED,
    [PROBLEM_INVALID_PROFILE] = FAILURE_REFUSED,
    [PROBLEM_MALFORMED] = FAILURE_REFUSED,
    [PROBLEM_ORDER_NOT_READY] = FAILURE_CA,
    [PROBLEM_RATE_LIMITED] = FAILURE_RATE_LIMIT,
    [PROBLEM_REJECTED_IDENTIFIER] = FAILURE_REFUSED,
    [PROBLEM_SERVER_INTERNAL] = FAILURE_CA,
    [PROBLEM_TLS] = FAILURE_VALIDATION,
    [PROBLEM_UNAUTHORIZED] = FAILURE_VALIDATION,
    [PROBLEM_UNSUPPORTED_CONTACT] = FAILURE_REFUSED,
    [PROBLEM_UNSUPPORTED_IDENTIFIER] = FAILURE_REFUSED,
    [PROBLEM_USER_ACTION_REQUIRED] = FAILURE_REFUSED,
};

static bool is_validation(enum acme_step step)
{
    return step == STEP_AUTHORIZATION || step == STEP_CHALLENGE;
}

/* Of a refusal whose type says nothing to us. */
static enum acme_failure_kind kind_of_status(unsigned status, enum acme_step step)
{
    if (status == 429)
        return FAILURE_RATE_LIMIT;
    if (status >= 500)
        return FAILURE_CA;
    if (is_validation(step))
        return FAILURE_VALIDATION;
    return status >= 400 ? FAILURE_REFUSED : FAILURE_CA;
}

static enum acme_failure_kind kind_of_type(enum acme_problem_type type, unsigned status,
                                           enum acme_step step)
{
    enum acme_failure_kind kind = kinds[type];

    if (kind == FAILURE_NONE)
        return kind_of_status(status, step);
    /* dns or unauthorized in answer to a request: no other challenge mends that */
    return kind == FAILURE_VALIDATION && !is_validation(step) ? FAILURE_REFUSED : kind;
}

/* Of several faults that counts which lets the fewest further tries make sense. */
static enum acme_failure_kind kind_of(const struct acme_problem *p, enum acme_step step)
{
    static const unsigned weight[N_FAILURE_KINDS] = {[FAILURE_VALIDATION] = 1,
                                                     [FAILURE_CA] = 2,
                                                     [FAILURE_RATE_LIMIT] = 3,
                                                     [FAILURE_REFUSED] = 4};
    enum acme_failure_kind kind = FAILURE_NONE;

    if (kinds[p->type] != FAILURE_NONE || p->n_sub == 0)
        return kind_of_type(p->type, p->status, step);
    for (size_t i = 0; i < p->n_sub; i++) {
        enum acme_failure_kind one = kind_of_type(p->sub[i].type, p->status, step);

        if (weight[one] > weight[kind])
            kind = one;
    }
    return kind;
}

int failure_set(struct acme_failure *f, enum acme_failure_kind kind, enum acme_step step, int error,
                const char *where, const char *fmt, ...)
{
    va_list args;

    *f = (struct acme_failure){.kind = kind, .step = step};
    printable_copy(bytes_str(where), false, f->where, sizeof(f->where));
    va_start(args, fmt);
    vsnprintf(f->what, sizeof(f->what), fmt, args);
    va_end(args);
    printable_clean(f->what);
    return error;
}

void failure_next(struct acme_failure *f, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(f->next, sizeof(f->next), fmt, args);
    va_end(args);
    printable_clean(f->next);
}

/* Adds a text once; whole or not at all. */
static void add_next(struct acme_failure *f, const char *text)
{
    size_t len = strlen(f->next);

    if (*text && !strstr(f->next, text) && len + 1 + strlen(text) < sizeof(f->next))
        snprintf(f->next + len, sizeof(f->next) - len, "%s%s", len ? " " : "", text);
}

static const char *next_of(enum acme_problem_type type, enum acme_step step)
{
    if (type == PROBLEM_UNAUTHORIZED && !is_validation(step))
        return "The account may be deactivated, or its external account binding (ACME_EAB_KID, "
               "ACME_EAB_HMAC_KEY) not good any more: the CA's own words above tell.";
    return acme_problem_next(type);
}

int failure_of_problem(struct acme_failure *f, enum acme_step step, int error, const char *where,
                       const struct acme_problem *p)
{
    char text[sizeof(f->what)];
    struct acme_problem problem = *p; /* it may be f's own */

    failure_set(f, kind_of(&problem, step), step, error, where, "%s",
                acme_problem_text(&problem, text, sizeof(text)));
    f->problem = problem;
    add_next(f, next_of(problem.type, step));
    for (size_t i = 0; i < problem.n_sub; i++)
        add_next(f, next_of(problem.sub[i].type, step));
    return error;
}

const char *failure_text(const struct acme_failure *f, char *buf, size_t cap)
{
    snprintf(buf, cap, "%s%s%s%s: %s.%s%s", acme_step_names[f->step], *f->where ? " (" : "",
             f->where, *f->where ? ")" : "", f->what, *f->next ? " " : "", f->next);
    return printable_clean(buf);
}
