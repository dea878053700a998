#include "turn/auth.h"

#include "base/crypto.h"
#include "base/rnd.h"

#define EXPIRY_MAX_S 99999999999u /* a date in the year 5138 */

void auth_init(struct auth *a, const char *secret, const char *realm)
{
    a->secret = secret;
    a->realm = realm;
    rnd_bytes(a->nonce_key, sizeof(a->nonce_key));
}

/* The Unix time in front of the first colon. */
static int expiry_of(struct bytes username, uint64_t *ret_s)
{
    const uint8_t *colon = username.len ? memchr(username.p, ':', username.len) : NULL;

    if (colon)
        username.len = (size_t) (colon - username.p);
    return bytes_to_u64(username, EXPIRY_MAX_S, ret_s);
}

static int derive_key(const struct auth *a, struct bytes username, uint8_t ret_key[AUTH_KEY_SIZE])
{
    uint8_t mac[SHA1_SIZE];
    char password[BASE64_SIZE(SHA1_SIZE)];
    int r = hmac_sha1(bytes_str(a->secret), &username, 1, mac);

    if (r < 0)
        return r;
    base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password));
    r = stun_long_term_key(username, bytes_str(a->realm), bytes_str(password), ret_key);
    secret_wipe(mac, sizeof(mac));
    secret_wipe(password, sizeof(password));
    return r;
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
        derive_key(a, m->username, key) < 0 || !stun_integrity_ok(m, bytes_of(key, sizeof(key))))
        return AUTH_WRONG;
    memcpy(ret_key, key, sizeof(key));
    secret_wipe(key, sizeof(key));
    if (!nonce_is_valid(a->nonce_key, client, now_ms, m->nonce))
        return AUTH_STALE;
    return expiry_s * 1000 > wall_ms ? AUTH_OK : AUTH_EXPIRED;
}
