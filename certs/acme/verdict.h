/* verdict.h: what an answer, or that there is none, means for the request: is it to be repeated,
 * and what is the operator told? Pure. */
#pragma once

#include "acme/failure.h"
#include "acme/fetch.h"

/* Retry-After up to this is waited for. */
#define VERDICT_PATIENCE_S 60

/* More between the server's clock and ours is a finding. */
#define VERDICT_SKEW_S 3600

enum verdict {
    VERDICT_OK,      /* 2xx */
    VERDICT_NONCE,   /* the nonce was not good any more: nothing was done */
    VERDICT_UNSENT,  /* no connection: nothing was done */
    VERDICT_BUSY,    /* the server has trouble, and says so */
    VERDICT_UNKNOWN, /* no whole answer: it may have been done or not */
    VERDICT_END,     /* repeating it makes no sense, or is not wanted */
};
enum verdict verdict_of(const struct fetched *a);

/* The failure of an answer that is not VERDICT_OK. Returns its errno: that of the connection, or
 * -EPROTO. */
int verdict_failure(const struct fetched *a, enum acme_step step, const char *url, int64_t now_s,
                    struct acme_failure *f);

/* An answer that is fine but for its body, which is not what was asked for: why is what the parser
 * says, wanted "JSON", "a PEM certificate chain". Returns -EPROTO. */
int verdict_unreadable(enum acme_step step, const char *url, const char *content_type,
                       struct bytes body, const char *wanted, const char *why,
                       struct acme_failure *f);

/* Our clock and the server's: 0, or FAILURE_CLOCK and -EPROTO. skew_s: what ours is behind. */
int verdict_clock(const char *url, int64_t now_s, int64_t skew_s, struct acme_failure *f);
