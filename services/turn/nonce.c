#include "turn/nonce.h"

#include "base/buf.h"
#include "base/rnd.h"

#define STAMP_SIZE 6 /* milliseconds, enough for 8,900 years */
#define TAG_SIZE 12
#define COOKIE "obMatJos2"
#define FEATURES_SIZE 3

_Static_assert(BASE64_SIZE(STAMP_SIZE + TAG_SIZE) == NONCE_SIZE + 1, "the nonce is its base64");
_Static_assert(sizeof(COOKIE) - 1 + BASE64_SIZE(FEATURES_SIZE) == NONCE_COOKIE_SIZE + 1,
               "the cookie is a text and the base64 of the features");

int nonces_init(struct nonces *n, const uint8_t key[static NONCE_KEY_SIZE], unsigned features)
{
    uint8_t raw[FEATURES_SIZE];
    struct wr w = wr_init(raw, sizeof(raw));

    *n = (struct nonces){.hmac = NULL};
    if (features != 0) {
        wr_u24(&w, features);
        strcpy(n->cookie, COOKIE);
        base64_encode(bytes_of(raw, sizeof(raw)), n->cookie + strlen(COOKIE),
                      BASE64_SIZE(FEATURES_SIZE));
    }
    return hmac_new(HMAC_SHA256, bytes_of(key, NONCE_KEY_SIZE), &n->hmac);
}

void nonces_done(struct nonces *n)
{
    n->hmac = hmac_free(n->hmac);
}

static void make_raw(const struct nonces *n, const struct addr *client, uint64_t stamp_ms,
                     uint8_t ret[STAMP_SIZE + TAG_SIZE])
{
    uint8_t tag[SHA256_SIZE] = {0};
    struct wr w = wr_init(ret, STAMP_SIZE + TAG_SIZE);
    struct bytes parts[] = {{ret, STAMP_SIZE}, addr_key(client), bytes_str(n->cookie)};

    wr_u16(&w, (uint16_t) (stamp_ms >> 32));
    wr_u32(&w, (uint32_t) stamp_ms);
    /* Without memory the tag would be guessable, so a random one takes its place. */
    if (hmac_sum(n->hmac, parts, 3, tag) < 0)
        rnd_bytes(tag, sizeof(tag));
    wr_bytes(&w, bytes_of(tag, TAG_SIZE));
}

void nonce_make(const struct nonces *n, const struct addr *client, uint64_t now_ms,
                char ret[static NONCE_MAX + 1])
{
    size_t at = strlen(n->cookie);
    uint8_t raw[STAMP_SIZE + TAG_SIZE];

    make_raw(n, client, now_ms, raw);
    memcpy(ret, n->cookie, at);
    base64_encode(bytes_of(raw, sizeof(raw)), ret + at, NONCE_SIZE + 1);
}

bool nonce_is_valid(const struct nonces *n, const struct addr *client, uint64_t now_ms,
                    struct bytes nonce)
{
    uint8_t raw[STAMP_SIZE + TAG_SIZE], want[STAMP_SIZE + TAG_SIZE];
    size_t at = strlen(n->cookie);
    uint64_t stamp_ms;
    struct rd r;
    size_t len;

    if (!bytes_starts_with(nonce, n->cookie) ||
        base64_decode(bytes_of(nonce.p + at, nonce.len - at), raw, sizeof(raw), &len) < 0 ||
        len != sizeof(raw))
        return false;
    r = rd_init(bytes_of(raw, sizeof(raw)));
    stamp_ms = (uint64_t) rd_u16(&r) << 32;
    stamp_ms |= rd_u32(&r);
    if (stamp_ms > now_ms || now_ms - stamp_ms > NONCE_LIFETIME_MS)
        return false;
    make_raw(n, client, stamp_ms, want);
    return secret_eq(bytes_of(raw, sizeof(raw)), bytes_of(want, sizeof(want)));
}

unsigned nonce_features(struct bytes nonce)
{
    uint8_t raw[FEATURES_SIZE];
    struct rd r = rd_init(bytes_of(raw, sizeof(raw)));
    size_t len;

    if (nonce.len < NONCE_COOKIE_SIZE || !bytes_starts_with(nonce, COOKIE) ||
        base64_decode(bytes_of(nonce.p + strlen(COOKIE), BASE64_SIZE(FEATURES_SIZE) - 1), raw,
                      sizeof(raw), &len) < 0 ||
        len != sizeof(raw))
        return 0;
    return rd_u24(&r);
}
