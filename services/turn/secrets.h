/* secrets.h: the secrets that the server shares with those who give out credentials: a user's
 * password is base64(HMAC-SHA1(secret, user name)). Several are good at the same time, so that a
 * secret can be replaced. Each thread has its own. */
#pragma once

#include "base/crypto.h"

#define SECRETS_OLD_MAX 8 /* beside the one that is in force */

/* When the secret changes, the one before stays good for the credentials that were given out with
 * it, which expire within so many seconds: calls that run are not cut off from their relays. A day,
 * as long as signaling makes them; clocks differ. */
#define SECRETS_BEFORE_S (24 * 3600 + 60)

#define SECRETS_PASSWORD_SIZE BASE64_SIZE(SHA1_SIZE)

struct secret {
    char *text;
    struct hmac *hmac;
    uint64_t until_s; /* no credentials of it are younger; Unix time */
};

/* Zeroed memory has none. */
struct secrets {
    size_t n;
    /* The one in force, then the other listed ones, then perhaps the one that was in force. */
    struct secret list[1 + SECRETS_OLD_MAX + 1];
    uint32_t epoch; /* another one when what was good may be no more */
};

/* The secret in force, and old ones that are good until they are listed no more. -ENOSPC: too many;
 * -ENOMEM; then nothing changes. */
int secrets_set(struct secrets *s, const char *in_force, const char *const *old, size_t n_old,
                uint64_t wall_ms);

/* For another thread; *ret need not be initialised. -ENOMEM. */
int secrets_copy(const struct secrets *s, struct secrets *ret);

/* Wipes. May be called on zeroed memory. */
void secrets_done(struct secrets *s);

/* The passwords that this user name may have, the likeliest first: start with *pos = 0; false at
 * the end. expiry_s: when the user name expires. Wipe it after use. */
bool secrets_next_password(const struct secrets *s, size_t *pos, struct bytes username,
                           uint64_t expiry_s, char ret[static SECRETS_PASSWORD_SIZE]);
