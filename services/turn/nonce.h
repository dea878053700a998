/* nonce.h: nonces that need no memory (RFC 8489 section 9.2): the time they were made, and an HMAC
 * of it and the client's address under a key that only this process knows. Before it may stand the
 * nonce cookie, which tells what the server can do (section 9.2); it is under the HMAC as well, so
 * that nobody on the way can take a feature out of it unnoticed (section 9.2.1). */
#pragma once

#include "base/addr.h"
#include "base/crypto.h"

#define NONCE_SIZE 24 /* characters, without the NUL, and without a cookie */
#define NONCE_COOKIE_SIZE 13
#define NONCE_MAX (NONCE_COOKIE_SIZE + NONCE_SIZE)
#define NONCE_KEY_SIZE 32
#define NONCE_LIFETIME_MS 600000u

/* Of the cookie (RFC 8489 section 18.1): bit 0 is the first of 24. */
enum nonce_feature {
    NONCE_PASSWORD_ALGORITHMS = 1 << 23,
    NONCE_USERNAME_ANONYMITY = 1 << 22,
};

/* One thread's. Zeroed memory may be done. */
struct nonces {
    struct hmac *hmac;
    char cookie[NONCE_COOKIE_SIZE + 1]; /* "": none */
};

/* features: 0 gives no cookie, so that answers to strangers are short. -ENOMEM. */
int nonces_init(struct nonces *n, const uint8_t key[static NONCE_KEY_SIZE], unsigned features);
void nonces_done(struct nonces *n);

void nonce_make(const struct nonces *n, const struct addr *client, uint64_t now_ms,
                char ret[static NONCE_MAX + 1]);

/* Made by us, with these features, for this client, and not older than its lifetime. */
bool nonce_is_valid(const struct nonces *n, const struct addr *client, uint64_t now_ms,
                    struct bytes nonce);

/* The features of any nonce; 0 when it has no cookie. */
unsigned nonce_features(struct bytes nonce);
