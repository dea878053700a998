/* problem.h: what a CA says when it refuses (RFC 7807, RFC 8555 section 6.7), kept verbatim and
 * told in a sentence with the next step. Pure. */
#pragma once

#include "base/bytes.h"

#define ACME_PROBLEM_TEXT 1024
#define ACME_PROBLEM_TYPE 64
#define ACME_SUBPROBLEMS_MAX 16
#define ACME_PROBLEM_VERBATIM 8192

enum acme_problem_type {
    PROBLEM_NONE, /* no problem document at all */
    PROBLEM_OTHER,
    PROBLEM_ACCOUNT_DOES_NOT_EXIST,
    PROBLEM_ALREADY_REPLACED, /* RFC 9773 section 7.4 */
    PROBLEM_ALREADY_REVOKED,
    PROBLEM_BAD_CSR,
    PROBLEM_BAD_NONCE,
    PROBLEM_BAD_PUBLIC_KEY,
    PROBLEM_BAD_REVOCATION_REASON,
    PROBLEM_BAD_SIGNATURE_ALGORITHM,
    PROBLEM_CAA,
    PROBLEM_COMPOUND,
    PROBLEM_CONNECTION,
    PROBLEM_DNS,
    PROBLEM_EXTERNAL_ACCOUNT_REQUIRED,
    PROBLEM_INCORRECT_RESPONSE,
    PROBLEM_INVALID_CONTACT,
    PROBLEM_INVALID_PROFILE,
    PROBLEM_MALFORMED,
    PROBLEM_ORDER_NOT_READY,
    PROBLEM_RATE_LIMITED,
    PROBLEM_REJECTED_IDENTIFIER,
    PROBLEM_SERVER_INTERNAL,
    PROBLEM_TLS,
    PROBLEM_UNAUTHORIZED,
    PROBLEM_UNSUPPORTED_CONTACT,
    PROBLEM_UNSUPPORTED_IDENTIFIER,
    PROBLEM_USER_ACTION_REQUIRED,
    N_PROBLEM_TYPES
};

struct acme_subproblem {
    enum acme_problem_type type;
    char identifier[256];
    char detail[ACME_PROBLEM_TEXT];
};

/* Texts have control characters shown as '?'. */
struct acme_problem {
    enum acme_problem_type type;
    unsigned status;                   /* of the document; 0: none */
    char type_text[ACME_PROBLEM_TYPE]; /* "rateLimited"; another URI whole, cut if need be */
    char detail[ACME_PROBLEM_TEXT];
    struct acme_subproblem sub[ACME_SUBPROBLEMS_MAX];
    size_t n_sub;
    char verbatim[ACME_PROBLEM_VERBATIM]; /* as it came, cut if need be */
};

/* "rateLimited", ...; "none", "other". */
const char *acme_problem_type_name(enum acme_problem_type type);
enum acme_problem_type acme_problem_type_of(const char *name); /* PROBLEM_OTHER: no such name */

/* -EBADMSG: no JSON object; *ret has type PROBLEM_NONE and the verbatim text then. */
int acme_problem_parse(struct bytes body, struct acme_problem *ret);

/* What it means, in the CA's words and ours: "the CA could not connect to media.example.org: ...".
 * Without a final dot. Returns buf. */
const char *acme_problem_text(const struct acme_problem *p, char *buf, size_t cap);

/* What the operator can do about it, a sentence or several; "" when there is nothing but waiting.
 * A constant. */
const char *acme_problem_next(enum acme_problem_type type);
