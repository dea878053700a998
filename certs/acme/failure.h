/* failure.h: why a certificate could not be had: one description for the log, `status`, `doctor`,
 * JSON and the decision what to try next. */
#pragma once

#include "acme/problem.h"

enum acme_step {
    STEP_CLOCK,      /* is the time of this machine believable? */
    STEP_SELF_CHECK, /* can we be reached as the CA will try to? */
    STEP_DIRECTORY,
    STEP_ACCOUNT,
    STEP_ORDER,
    STEP_AUTHORIZATION,
    STEP_CHALLENGE, /* putting the proof up, and the CA's look at it */
    STEP_FINALIZE,
    STEP_DOWNLOAD,
    STEP_STORE, /* files of ours */
    STEP_REVOKE,
    N_ACME_STEPS
};
extern const char *const acme_step_names[N_ACME_STEPS]; /* "self-check", ... */

enum acme_failure_kind {
    FAILURE_NONE,
    FAILURE_SELF_CHECK, /* found before anything was asked of the CA */
    FAILURE_CLOCK,
    FAILURE_UNREACHABLE, /* the CA: name, connection, time-out */
    FAILURE_TLS,         /* its certificate does not verify */
    FAILURE_CA,          /* it answers, but wrongly: 5xx, broken JSON, cut bodies */
    FAILURE_RATE_LIMIT,
    FAILURE_VALIDATION, /* it looked, and did not find the proof: another type may do */
    FAILURE_REFUSED,    /* it will not, whatever is tried again: names, account, settings */
    FAILURE_LOCAL,      /* files, memory, hooks */
    N_FAILURE_KINDS
};
extern const char *const acme_failure_names[N_FAILURE_KINDS]; /* "self-check", "clock", ... */

struct acme_failure {
    enum acme_failure_kind kind;
    enum acme_step step;
    char where[256]; /* the hop or URL: "203.0.113.5 port 80", "https://ca/dir"; "" */
    char what[1536]; /* what was found, without a final dot */
    char next[1024]; /* what to do now, sentences; "" */
    int64_t
        not_before; /* no new try before that, as the CA said (Retry-After); 0: it said nothing */
    struct acme_problem problem; /* of type PROBLEM_NONE: none */
};

/* Fills kind, step, where and what; the rest is empty. Returns error, a negative errno, for
 * `return`. */
int failure_set(struct acme_failure *f, enum acme_failure_kind kind, enum acme_step step, int error,
                const char *where, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* The next step for the operator. */
void failure_next(struct acme_failure *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* From a problem document: kind and texts by its type. Returns error. */
int failure_of_problem(struct acme_failure *f, enum acme_step step, int error, const char *where,
                       const struct acme_problem *p);

/* "step (where): what. next" on one line. Returns buf. */
const char *failure_text(const struct acme_failure *f, char *buf, size_t cap);
