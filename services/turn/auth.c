#include "turn/auth.h"

#include "link/turn_names.h"

#include <errno.h>

#define MD5_KEY_SIZE 16

/* The value of PASSWORD-ALGORITHMS, what we like best first. */
static const char algorithms[] = STUN_ALGORITHM_SHA256 STUN_ALGORITHM_MD5;

#define ALGORITHMS_SIZE (sizeof(algorithms) - 1)

const struct auth_refusal auth_refusals[N_AUTH_VERDICTS] = {
    [AUTH_EXPIRED] = {401, STAT_REFUSED_EXPIRED, "credentials expired"},
    [AUTH_REVOKED] = {401, STAT_REFUSED_EXPIRED, "credentials revoked"},
    [AUTH_NONE] = {401, STAT_REFUSED_UNKNOWN, NULL},
    [AUTH_MALFORMED] = {400, STAT_REFUSED_OTHER, NULL},
    [AUTH_WRONG] = {401, STAT_REFUSED_PASSWORD, "wrong credentials"},
    [AUTH_STALE] = {438, STAT_REFUSED_STALE, NULL},
};

int auth_init(struct auth *a, const char *secret, const char *realm,
              const uint8_t nonce_key[static NONCE_KEY_SIZE])
{
    int r;

    *a = (struct auth){.realm = realm};
    r = secrets_set(&a->secrets, secret, NULL, 0, 0);
    return r < 0 ? r : nonces_init(&a->nonces, nonce_key, 0);
}

int auth_use_sha256(struct auth *a, struct userhash_table *usernames,
                    const uint8_t nonce_key[static NONCE_KEY_SIZE])
{
    nonces_done(&a->nonces);
    a->sha256 = true;
    a->usernames = usernames;
    return nonces_init(&a->nonces, nonce_key,
                       NONCE_PASSWORD_ALGORITHMS | (usernames ? NONCE_USERNAME_ANONYMITY : 0));
}

void auth_take_secrets(struct auth *a, struct secrets *fresh)
{
    secrets_done(&a->secrets);
    a->secrets = *fresh;
    *fresh = (struct secrets){.n = 0};
}

void auth_done(struct auth *a)
{
    secrets_done(&a->secrets);
    nonces_done(&a->nonces);
    *a = (struct auth){.realm = NULL};
}

void auth_hide_unsupported(const struct auth *a, struct stun *m)
{
    struct {
        struct bytes *value;
        uint16_t type;
    } hidden[] = {
        {&m->password_algorithm, STUN_ATTR_PASSWORD_ALGORITHM},
        {&m->userhash, STUN_ATTR_USERHASH},
    };

    if (a->sha256)
        return;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        if (hidden[i].value->p && m->n_unknown < STUN_UNKNOWN_MAX)
            m->unknown[m->n_unknown++] = hidden[i].type;
        *hidden[i].value = bytes_of(NULL, 0);
    }
    m->password_algorithms = bytes_of(NULL, 0);
    m->integrity_sha256 = bytes_of(NULL, 0); /* or it follows MESSAGE-INTEGRITY, as nothing may */
}

/* The stronger attribute counts when both are there (RFC 8489 section 9.2.4). TURN does not allow
 * to truncate the longer hash (section 14.6). */
static bool is_signed_with(const struct stun *m, const struct auth_key *key)
{
    struct bytes k = bytes_of(key->bytes, key->len);

    if (m->integrity_sha256.p)
        return m->integrity_sha256.len == SHA256_SIZE && stun_integrity_sha256_ok(m, k);
    return stun_integrity_ok(m, k);
}

/* ---- which algorithm, which user ---- */

static bool is_algorithm(struct bytes value, const char *which)
{
    return bytes_eq(value, bytes_of(which, STUN_ALGORITHM_SIZE));
}

/* RFC 8489 section 9.2.4, the third check. The key's length tells the algorithm. Whoever took the
 * stronger algorithm out of our list on its way is found out here. */
static int choose_algorithm(const struct stun *m, struct auth_user *user)
{
    user->sha256 = false;
    user->key.len = MD5_KEY_SIZE;
    if (!(nonce_features(m->nonce) & NONCE_PASSWORD_ALGORITHMS) ||
        (!m->password_algorithm.p && !m->password_algorithms.p))
        return 0;
    if (!m->password_algorithm.p ||
        !bytes_eq(m->password_algorithms, bytes_of(algorithms, ALGORITHMS_SIZE)))
        return -EBADMSG;
    user->sha256 = true;
    if (is_algorithm(m->password_algorithm, STUN_ALGORITHM_SHA256))
        user->key.len = SHA256_SIZE;
    else if (!is_algorithm(m->password_algorithm, STUN_ALGORITHM_MD5))
        return -EBADMSG;
    return 0;
}

/* False: nobody whom we know. */
static bool find_name(const struct auth *a, const struct stun *m, struct auth_user *user)
{
    size_t len;

    if (m->username.p) {
        user->name = m->username;
        return true;
    }
    if (!a->usernames || !userhash_find(a->usernames, m->userhash.p, user->found, &len))
        return false;
    user->name = bytes_of(user->found, len);
    return true;
}

/* One of both (RFC 8489 section 9.2.5). */
static bool has_name(const struct stun *m)
{
    return !m->username.p != !m->userhash.p;
}

/* ---- keys ---- */

static int derive_key(const struct auth *a, struct bytes name, const char *password,
                      struct auth_key *key)
{
    struct bytes realm = bytes_str(a->realm), text = bytes_str(password);

    return key->len == SHA256_SIZE ? stun_long_term_key_sha256(name, realm, text, key->bytes)
                                   : stun_long_term_key(name, realm, text, key->bytes);
}

static bool is_known_key(const struct auth *a, const struct auth_request *rq,
                         const struct auth_user *user)
{
    const struct auth_key *known = rq->known_key;

    return known && known->epoch == a->secrets.epoch && known->len == user->key.len &&
           bytes_eq(rq->known_name, user->name) && is_signed_with(rq->msg, known);
}

/* The key with which the message was signed, if it comes from a secret of ours. */
static bool find_key(const struct auth *a, const struct auth_request *rq, uint64_t expiry_s,
                     struct auth_user *user)
{
    char password[SECRETS_PASSWORD_SIZE];
    bool found = false;
    size_t pos = 0;

    if (is_known_key(a, rq, user)) {
        user->key = *rq->known_key;
        return true;
    }
    user->key.epoch = a->secrets.epoch;
    while (!found && secrets_next_password(&a->secrets, &pos, user->name, expiry_s, password))
        found = derive_key(a, user->name, password, &user->key) == 0 &&
                is_signed_with(rq->msg, &user->key);
    secret_wipe(password, sizeof(password));
    return found;
}

/* The checks of RFC 8489 section 9.2.4, in its order. */
enum auth_verdict auth_check(const struct auth *a, const struct auth_request *rq,
                             struct auth_user *ret_user)
{
    const struct stun *m = rq->msg;
    uint64_t expiry_s;

    if (!auth_is_signed(m))
        return AUTH_NONE;
    if (!has_name(m) || !m->realm.p || !m->nonce.p || choose_algorithm(m, ret_user) < 0)
        return AUTH_MALFORMED;
    if (!bytes_eq_str(m->realm, a->realm) || !find_name(a, m, ret_user) ||
        turn_name_expiry(ret_user->name, &expiry_s) < 0 || !find_key(a, rq, expiry_s, ret_user))
        return AUTH_WRONG;
    if (!nonce_is_valid(&a->nonces, rq->client, rq->now_ms, m->nonce))
        return AUTH_STALE;
    if (a->quota && quota_is_revoked(a->quota, ret_user->name))
        return AUTH_REVOKED;
    return expiry_s * 1000 > rq->wall_ms ? AUTH_OK : AUTH_EXPIRED;
}

/* ---- answers ---- */

void auth_put_challenge(const struct auth *a, const struct addr *client, uint64_t now_ms,
                        struct wr *w)
{
    char nonce[NONCE_MAX + 1];

    nonce_make(&a->nonces, client, now_ms, nonce);
    stun_put_bytes(w, STUN_ATTR_REALM, bytes_str(a->realm));
    stun_put_bytes(w, STUN_ATTR_NONCE, bytes_str(nonce));
    if (a->sha256)
        stun_put_bytes(w, STUN_ATTR_PASSWORD_ALGORITHMS, bytes_of(algorithms, ALGORITHMS_SIZE));
}

/* RFC 8489 section 9.2.4, last paragraph. */
void auth_put_integrity(const struct auth_user *user, struct wr *w)
{
    struct bytes key = bytes_of(user->key.bytes, user->key.len);

    if (user->sha256)
        stun_put_integrity_sha256(w, key, SHA256_SIZE);
    else
        stun_put_integrity(w, key);
}
