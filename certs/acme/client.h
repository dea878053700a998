/* client.h: requests to one ACME server: nonces, signatures, tries (RFC 8555 section 6).
 *
 * A call runs the loop until its answer is there, so everything else on the loop goes on meanwhile.
 * Signed requests are repeated after badNonce, with the nonce of the refusal, until they pass or
 * ACME_NONCE_LIMIT_S or ACME_NONCE_TRIES are over; after 5xx, a stalled connection or a cut body a
 * few times in growing distances. A 429, or Retry-After longer than a minute, is not waited for: it
 * ends the call with failure.not_before. */
#pragma once

#include "acme/failure.h"
#include "acme/wire.h"
#include "http/http.h"

#include <openssl/types.h>

#define ACME_NONCE_LIMIT_S 60
#define ACME_NONCE_TRIES 200

struct acme_client;

struct acme_client_config {
    struct loop *loop;
    const char *directory;  /* URL */
    const char *ca_file;    /* to verify the server by; NULL: the system's */
    const char *user_agent; /* "visavis/1.0" */
    EVP_PKEY *key;          /* of the account; stays the caller's; NULL: unsigned requests alone */
};

int acme_client_new(const struct acme_client_config *c, struct acme_client **ret);
struct acme_client *acme_client_free(struct acme_client *c);

/* Fetches the directory, the first time. When the server's certificate does not verify, or its Date
 * is far from our clock, the failure says so (FAILURE_CLOCK). Valid as long as the client. */
int acme_client_directory(struct acme_client *c, const struct acme_directory **ret,
                          struct acme_failure *f);

/* How far our clock is behind the server's (negative: ahead), in seconds; 0 before any answer. */
int64_t acme_client_skew_s(const struct acme_client *c);

/* The account that later requests are signed for; NULL: signed with the key itself. */
int acme_client_set_account(struct acme_client *c, const char *url);
void acme_client_set_key(struct acme_client *c, EVP_PKEY *key);

struct acme_answer {
    unsigned status;
    char *body; /* with a NUL */
    size_t len;
    char location[ACME_URL_SIZE];      /* "" */
    int64_t retry_after_s;             /* 0: not said */
    char alternates[8][ACME_URL_SIZE]; /* Link rel="alternate" */
    size_t n_alternates;
};
void acme_answer_done(struct acme_answer *a);

/* A signed POST; payload NULL: POST-as-GET. 2xx: 0. Otherwise -EPROTO (the server's refusal is in
 * f->problem), -ETIMEDOUT, -ECONNREFUSED, ...: f tells. ret may be NULL. */
int acme_post(struct acme_client *c, enum acme_step step, const char *url, const char *payload,
              struct acme_answer *ret, struct acme_failure *f);

/* An unsigned GET (RFC 9773). */
int acme_get(struct acme_client *c, enum acme_step step, const char *url, struct acme_answer *ret,
             struct acme_failure *f);

/* Lets the loop run for that long. */
int acme_client_wait(struct acme_client *c, uint64_t ms);
