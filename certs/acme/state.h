/* state.h: what happened last for a set of identifiers, kept over restarts. Pure: JSON and structs.
 */
#pragma once

#include "acme/failure.h"
#include "acme/wire.h"

enum acme_result { RESULT_NEVER, RESULT_OK, RESULT_FAILED, N_ACME_RESULTS };
extern const char *const acme_result_names[N_ACME_RESULTS]; /* "never", "ok", "failed" */

/* Renewal information of one certificate (RFC 9773). */
struct acme_ari {
    char id[ACME_URL_SIZE]; /* of the certificate; "": none was fetched */
    struct acme_renewal_info info;
    int64_t selected_s; /* the moment in the window that was drawn */
    int64_t fetched_s;
    int64_t fetch_next_s; /* not again before (Retry-After) */
};

struct acme_state {
    enum acme_result result;                  /* of the last attempt */
    int64_t attempt_s, success_s;             /* 0: never */
    unsigned failures;                        /* in a row */
    int64_t not_before_s;                     /* a CA wants to be left alone until then; 0: no */
    char not_before_directory[ACME_URL_SIZE]; /* of that CA */
    char directory[ACME_URL_SIZE];            /* of the last attempt */
    bool staging_first;            /* the next attempt goes to the staging server before */
    enum acme_challenge_type type; /* of the last success; N_CHALLENGE_TYPES: none */
    struct acme_failure failure;   /* of the last attempt, when it failed */
    struct acme_ari ari;
};

void state_init(struct acme_state *s);

/* *ret is always usable: -EBADMSG leaves it as state_init() does. Fields that are unknown are
 * passed over, those that are missing are as in state_init(). */
int state_parse(struct bytes text, struct acme_state *ret);

/* free() it. NULL without memory. */
char *state_text(const struct acme_state *s);
