/* auth.h: time-limited long-term credentials (RFC 8489 section 9.2): the user name is
 * "<expiry in Unix seconds>:<anything>", its password base64(HMAC-SHA1(secret, user name)).
 * No state: what a stranger sends costs a few hashes. Read-only after auth_init, for all threads.
 */
#pragma once

#include "codec/stun.h"
#include "turn/nonce.h"

#define AUTH_KEY_SIZE 16

struct auth {
    const char *secret; /* borrowed */
    const char *realm;  /* borrowed */
    uint8_t nonce_key[NONCE_KEY_SIZE];
};

enum auth_verdict {
    AUTH_OK,
    AUTH_EXPIRED, /* all right, but the user name's time is over */
    AUTH_NONE,    /* no MESSAGE-INTEGRITY, the usual first request */
    AUTH_INCOMPLETE,
    AUTH_WRONG,
    AUTH_STALE, /* right key, but the nonce is not ours or too old */
};

/* secret and realm must outlive it. */
void auth_init(struct auth *a, const char *secret, const char *realm);

/* ret_key is the key of the user name, set with AUTH_OK, AUTH_EXPIRED and AUTH_STALE.
 * now_ms is monotonic, wall_ms since 1970. */
enum auth_verdict auth_check(const struct auth *a, const struct stun *m, const struct addr *client,
                             uint64_t now_ms, uint64_t wall_ms, uint8_t ret_key[AUTH_KEY_SIZE]);
