/* auth.h: time-limited long-term credentials (RFC 8489 section 9.2): the user name is
 * "<expiry in Unix seconds>:<anything>", its password base64(HMAC-SHA1(secret, user name)).
 * No state: what a stranger sends costs a few hashes. Each thread has its own.
 *
 * When the secret changes, the one before stays good for the credentials that were given out with
 * it, which expire within AUTH_OLD_S: calls that run are not cut off from their relays. */
#pragma once

#include "codec/stun.h"
#include "turn/nonce.h"
#include "turn/quota.h"

#define AUTH_KEY_SIZE 16
#define AUTH_OLD_S (24 * 3600 + 60) /* a day, as long as signaling makes them; clocks differ */

struct auth {
    char *secret;
    char *old_secret;     /* NULL: none */
    uint64_t old_until_s; /* no credentials of the old secret are younger; Unix time */
    const char *realm;    /* borrowed */
    struct quota *quota;  /* whose credentials were revoked; borrowed; NULL: nobody's */
    uint8_t nonce_key[NONCE_KEY_SIZE];
};

enum auth_verdict {
    AUTH_OK,
    AUTH_EXPIRED, /* all right, but the user name's time is over */
    AUTH_REVOKED, /* all right, but its participant is gone */
    AUTH_NONE,    /* no MESSAGE-INTEGRITY, the usual first request */
    AUTH_INCOMPLETE,
    AUTH_WRONG,
    AUTH_STALE, /* right key, but the nonce is not ours or too old */
};

/* realm must outlive it, secret is copied. Threads of one server have one nonce_key. -ENOMEM. */
int auth_init(struct auth *a, const char *secret, const char *realm,
              const uint8_t nonce_key[static NONCE_KEY_SIZE]);

/* Wipes. May be called on zeroed memory. */
void auth_done(struct auth *a);

/* Takes over secret, from malloc(). The same as before: nothing changes. */
void auth_set_secret(struct auth *a, char *secret, uint64_t wall_ms);

/* ret_key is the key of the user name, set with AUTH_OK, AUTH_EXPIRED, AUTH_REVOKED and AUTH_STALE.
 * now_ms is monotonic, wall_ms since 1970. */
enum auth_verdict auth_check(const struct auth *a, const struct stun *m, const struct addr *client,
                             uint64_t now_ms, uint64_t wall_ms, uint8_t ret_key[AUTH_KEY_SIZE]);
