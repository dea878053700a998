/* client.h: requests to one ACME server: nonces, signatures, tries (RFC 8555 section 6).
 *
 * A call runs the loop until its answer is there, so everything else on the loop goes on meanwhile.
 * When somebody else ends the loop (loop_quit(), a signal), this call and all later ones fail with
 * -EINTR.
 *
 * What is repeated: a signed request after badNonce, with the nonce of the refusal, until it passes
 * or ACME_NONCE_LIMIT_S or ACME_NONCE_TRIES are over. Anything after a refused connection, a name
 * that is not found, or 5xx, ACME_TRIES times in all in growing distances; Retry-After of 5xx is
 * waited for up to a minute. After a stalled connection, or an answer that is cut off or does not
 * come, the CA may have done what was asked: acme_post() repeats it just the same, acme_post_once()
 * does not. A 429, or a longer Retry-After, ends the call with failure.not_before.
 *
 * Redirects of acme_get() are followed, ACME_REDIRECTS_MAX of them; those of signed requests are
 * not. A CA whose directory is fetched by https is asked by https alone. A wrong Content-Type does
 * not matter while the body is what it should be; acme_answer_unreadable() names it when it is not.
 */
#pragma once

#include "acme/failure.h"
#include "acme/wire.h"
#include "loop/loop.h"

#include <openssl/types.h>

#define ACME_NONCE_LIMIT_S 60
#define ACME_NONCE_TRIES 200
#define ACME_TRIES 4
#define ACME_REDIRECTS_MAX 5
#define ACME_ALTERNATES_MAX 8

struct acme_client;

struct acme_client_config {
    struct loop *loop;
    const char *directory;  /* URL */
    const char *ca_file;    /* to verify the server by; NULL: the system's */
    const char *user_agent; /* "visavis/1.0" */
    EVP_PKEY *key;          /* of the account; stays the caller's; NULL: unsigned requests alone */
    unsigned timeout_ms;    /* of a request; 0: 30,000 */
    unsigned retry_ms;      /* before the second try, three times as long before each later one; 0:
                               1,000 */
};

int acme_client_new(const struct acme_client_config *c, struct acme_client **ret);
struct acme_client *acme_client_free(struct acme_client *c);

/* Fetches the directory, the first time. When the server's certificate does not verify, or its Date
 * is far from our clock, the failure says so (FAILURE_CLOCK). Valid as long as the client. */
int acme_client_directory(struct acme_client *c, const struct acme_directory **ret,
                          struct acme_failure *f);

/* How far our clock is behind the server's (negative: ahead), in seconds; 0 before any answer. */
int64_t acme_client_skew_s(const struct acme_client *c);

/* The account that later requests are signed for, a copy of its URL; NULL: signed with the key
 * itself. -ENAMETOOLONG. */
int acme_client_set_account(struct acme_client *c, const char *url);
void acme_client_set_key(struct acme_client *c, EVP_PKEY *key);

struct acme_answer {
    unsigned status;
    char *body; /* with a NUL */
    size_t len;
    char content_type[64];                               /* "": not said */
    char location[ACME_URL_SIZE];                        /* "" */
    int64_t retry_after_s;                               /* 0: not said */
    char alternates[ACME_ALTERNATES_MAX][ACME_URL_SIZE]; /* Link rel="alternate" */
    size_t n_alternates;
};
void acme_answer_done(struct acme_answer *a);

/* A signed POST; payload NULL: POST-as-GET. 2xx: 0. Otherwise -EPROTO (the server's refusal is in
 * f->problem), -ETIMEDOUT, -ECONNREFUSED, ...: f tells, *ret is empty. ret may be NULL. */
int acme_post(struct acme_client *c, enum acme_step step, const char *url, const char *payload,
              struct acme_answer *ret, struct acme_failure *f);

/* The same for what must not happen twice. -EINPROGRESS: sent, and what became of it is unknown; f
 * tells. When the cut answer names a Location, that is fetched and returned instead. */
int acme_post_once(struct acme_client *c, enum acme_step step, const char *url, const char *payload,
                   struct acme_answer *ret, struct acme_failure *f);

/* An unsigned GET (RFC 9773). */
int acme_get(struct acme_client *c, enum acme_step step, const char *url, struct acme_answer *ret,
             struct acme_failure *f);

/* For an answer whose body a parser refused: wanted is "JSON" or "a PEM certificate chain". Returns
 * -EPROTO. */
int acme_answer_unreadable(const struct acme_answer *a, enum acme_step step, const char *url,
                           const char *wanted, const char *why, struct acme_failure *f);

/* Has it a Location, as those to newAccount and newOrder must have? -EPROTO and *f. */
int acme_answer_has_location(const struct acme_answer *a, enum acme_step step, const char *url,
                             struct acme_failure *f);

/* Lets the loop run for that long. -EINTR. */
int acme_client_wait(struct acme_client *c, uint64_t ms);
