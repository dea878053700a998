#include "turn/auth.h"

#include "base/crypto.h"

#include <errno.h>
#include <stdlib.h>

#define EXPIRY_MAX_S 99999999999u /* a date in the year 5138 */

int auth_init(struct auth *a, const char *secret, const char *realm,
              const uint8_t nonce_key[static NONCE_KEY_SIZE])
{
    *a = (struct auth){.secret = strdup(secret), .realm = realm};
    memcpy(a->nonce_key, nonce_key, sizeof(a->nonce_key));
    return a->secret ? 0 : -ENOMEM;
}

static void wipe_free(char *secret)
{
    if (secret)
        secret_wipe(secret, strlen(secret));
    free(secret);
}

void auth_done(struct auth *a)
{
    wipe_free(a->secret);
    wipe_free(a->old_secret);
    secret_wipe(a, sizeof(*a));
}

void auth_set_secret(struct auth *a, char *secret, uint64_t wall_ms)
{
    if (secret_eq(bytes_str(secret), bytes_str(a->secret))) {
        wipe_free(secret);
        return;
    }
    wipe_free(a->old_secret);
    a->old_secret = a->secret;
    a->old_until_s = wall_ms / 1000 + AUTH_OLD_S;
    a->secret = secret;
}

/* The Unix time in front of the first colon. */
static int expiry_of(struct bytes username, uint64_t *ret_s)
{
    const uint8_t *colon = username.len ? memchr(username.p, ':', username.len) : NULL;

    if (colon)
        username.len = (size_t) (colon - username.p);
    return bytes_to_u64(username, EXPIRY_MAX_S, ret_s);
}

static int derive_key(const struct auth *a, const char *secret, struct bytes username,
                      uint8_t ret_key[AUTH_KEY_SIZE])
{
    uint8_t mac[SHA1_SIZE];
    char password[BASE64_SIZE(SHA1_SIZE)];
    int r = hmac_sha1(bytes_str(secret), &username, 1, mac);

    if (r < 0)
        return r;
    base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password));
    r = stun_long_term_key(username, bytes_str(a->realm), bytes_str(password), ret_key);
    secret_wipe(mac, sizeof(mac));
    secret_wipe(password, sizeof(password));
    return r;
}

static bool is_key(const struct auth *a, const char *secret, const struct stun *m,
                   uint8_t ret_key[AUTH_KEY_SIZE])
{
    return derive_key(a, secret, m->username, ret_key) == 0 &&
           stun_integrity_ok(m, bytes_of(ret_key, AUTH_KEY_SIZE));
}

/* The key with which the message was signed, if that is a secret's of ours. */
static bool find_key(const struct auth *a, const struct stun *m, uint64_t expiry_s,
                     uint8_t ret_key[AUTH_KEY_SIZE])
{
    return is_key(a, a->secret, m, ret_key) ||
           (a->old_secret && expiry_s <= a->old_until_s && is_key(a, a->old_secret, m, ret_key));
}

/* The checks of RFC 8489 section 9.2.4, in its order. */
enum auth_verdict auth_check(const struct auth *a, const struct stun *m, const struct addr *client,
                             uint64_t now_ms, uint64_t wall_ms, uint8_t ret_key[AUTH_KEY_SIZE])
{
    uint8_t key[AUTH_KEY_SIZE];
    uint64_t expiry_s;

    if (!m->integrity.p)
        return AUTH_NONE;
    if (!m->username.p || !m->realm.p || !m->nonce.p)
        return AUTH_INCOMPLETE;
    if (!bytes_eq_str(m->realm, a->realm) || expiry_of(m->username, &expiry_s) < 0 ||
        !find_key(a, m, expiry_s, key))
        return AUTH_WRONG;
    memcpy(ret_key, key, sizeof(key));
    secret_wipe(key, sizeof(key));
    if (!nonce_is_valid(a->nonce_key, client, now_ms, m->nonce))
        return AUTH_STALE;
    if (a->quota && quota_is_revoked(a->quota, m->username))
        return AUTH_REVOKED;
    return expiry_s * 1000 > wall_ms ? AUTH_OK : AUTH_EXPIRED;
}
