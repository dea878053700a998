#include "turn/nonce.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "base/rnd.h"

#define STAMP_SIZE 6 /* milliseconds, enough for 8,900 years */
#define TAG_SIZE 12

_Static_assert(BASE64_SIZE(STAMP_SIZE + TAG_SIZE) == NONCE_SIZE + 1, "the nonce is its base64");

static void make_raw(const uint8_t *key, const struct addr *client, uint64_t stamp_ms,
                     uint8_t ret[STAMP_SIZE + TAG_SIZE])
{
    uint8_t tag[SHA256_SIZE] = {0};
    struct wr w = wr_init(ret, STAMP_SIZE + TAG_SIZE);
    struct bytes parts[] = {{ret, STAMP_SIZE}, addr_key(client)};

    wr_u16(&w, (uint16_t) (stamp_ms >> 32));
    wr_u32(&w, (uint32_t) stamp_ms);
    /* Without memory the tag would be guessable, so a random one takes its place. */
    if (hmac_sha256(bytes_of(key, NONCE_KEY_SIZE), parts, 2, tag) < 0)
        rnd_bytes(tag, sizeof(tag));
    wr_bytes(&w, bytes_of(tag, TAG_SIZE));
}

void nonce_make(const uint8_t key[static NONCE_KEY_SIZE], const struct addr *client,
                uint64_t now_ms, char ret[static NONCE_SIZE + 1])
{
    uint8_t raw[STAMP_SIZE + TAG_SIZE];

    make_raw(key, client, now_ms, raw);
    base64_encode(bytes_of(raw, sizeof(raw)), ret, NONCE_SIZE + 1);
}

bool nonce_is_valid(const uint8_t key[static NONCE_KEY_SIZE], const struct addr *client,
                    uint64_t now_ms, struct bytes nonce)
{
    uint8_t raw[STAMP_SIZE + TAG_SIZE], want[STAMP_SIZE + TAG_SIZE];
    uint64_t stamp_ms;
    struct rd r;
    size_t len;

    if (base64_decode(nonce, raw, sizeof(raw), &len) < 0 || len != sizeof(raw))
        return false;
    r = rd_init(bytes_of(raw, sizeof(raw)));
    stamp_ms = (uint64_t) rd_u16(&r) << 32;
    stamp_ms |= rd_u32(&r);
    if (stamp_ms > now_ms || now_ms - stamp_ms > NONCE_LIFETIME_MS)
        return false;
    make_raw(key, client, stamp_ms, want);
    return secret_eq(bytes_of(raw, sizeof(raw)), bytes_of(want, sizeof(want)));
}
