#include "turn/dtls_hello.h"

#include "base/buf.h"

#define TYPE_FIRST 20 /* of records, as far as they go in front of STUN and channels */
#define TYPE_LAST 63
#define TYPE_HANDSHAKE 22
#define CLIENT_HELLO 1
#define HELLO_VERIFY_REQUEST 3
#define VERSION_1_0                                                                                \
    0xfeff /* HelloVerifyRequest has this one whatever comes next (section 4.2.1)                  \
            */

#define STAMP_SIZE 4 /* seconds */
#define TAG_SIZE 16
#define COOKIE_SIZE (STAMP_SIZE + TAG_SIZE)
#define RECORD_HEADER_SIZE 13
#define MESSAGE_HEADER_SIZE 12
#define VERIFY_BODY_SIZE (2 + 1 + COOKIE_SIZE)

_Static_assert(RECORD_HEADER_SIZE + MESSAGE_HEADER_SIZE + VERIFY_BODY_SIZE == DTLS_VERIFY_SIZE,
               "the datagram is full");

/*  type (1) version (2) epoch (2) sequence number (6) length (2) fragment   (section 4.1) */
struct record {
    uint8_t type;
    uint16_t epoch;
    struct bytes sequence, fragment;
};

static int read_record(struct rd *r, struct record *ret)
{
    bool is_dtls;

    ret->type = rd_u8(r);
    is_dtls = rd_u8(r) == VERSION_1_0 >> 8;
    rd_skip(r, 1);
    ret->epoch = rd_u16(r);
    ret->sequence = rd_bytes(r, 6);
    ret->fragment = rd_bytes(r, rd_u16(r));
    return is_dtls ? rd_finish(r) : -EBADMSG;
}

static int first_record(struct bytes datagram, struct record *ret)
{
    struct rd r = rd_init(datagram);

    return read_record(&r, ret);
}

bool dtls_is_record(struct bytes datagram)
{
    struct record rec;

    return first_record(datagram, &rec) == 0 && rec.type >= TYPE_FIRST && rec.type <= TYPE_LAST;
}

bool dtls_is_in_clear(struct bytes datagram)
{
    struct record rec;

    return first_record(datagram, &rec) == 0 && rec.epoch == 0;
}

/*  type (1) length (3) sequence (2) fragment offset (3) fragment length (3)  (section 4.2.2)
 *  version (2) random (32) session id (1+) cookie (1+) ciphers ...           (section 4.2.1) */
int dtls_hello_parse(struct bytes datagram, struct dtls_hello *ret)
{
    uint32_t len, offset, fragment_len;
    struct dtls_hello h;
    struct record rec;
    struct rd r;

    if (first_record(datagram, &rec) < 0 || rec.type != TYPE_HANDSHAKE || rec.epoch != 0)
        return -EBADMSG;
    r = rd_init(rec.fragment);
    if (rd_u8(&r) != CLIENT_HELLO)
        return -EBADMSG;
    h.sequence = rec.sequence;
    len = rd_u24(&r);
    rd_skip(&r, 2);
    offset = rd_u24(&r);
    fragment_len = rd_u24(&r);
    if (r.failed || offset != 0 || fragment_len != len || rd_left(&r) != len)
        return -EBADMSG;
    h.version = rd_bytes(&r, 2);
    h.random = rd_bytes(&r, DTLS_RANDOM_SIZE);
    h.session_id = rd_bytes(&r, rd_u8(&r));
    h.cookie = rd_bytes(&r, rd_u8(&r));
    if (rd_finish(&r) < 0 || rd_left(&r) == 0)
        return -EBADMSG;
    *ret = h;
    return 0;
}

/* The values that must be the same in both hellos; the random one alone tells clients apart. */
static int make_cookie(const struct dtls_hello *h, struct hmac *key, const struct addr *client,
                       uint32_t stamp_s, uint8_t ret[static COOKIE_SIZE])
{
    uint8_t tag[SHA256_SIZE];
    struct wr w = wr_init(ret, COOKIE_SIZE);
    const struct bytes parts[] = {
        {ret, STAMP_SIZE}, addr_key(client), h->version, h->random, h->session_id,
    };

    wr_u32(&w, stamp_s);
    if (hmac_sum(key, parts, sizeof(parts) / sizeof(parts[0]), tag) < 0)
        return -ENOMEM;
    wr_bytes(&w, bytes_of(tag, TAG_SIZE));
    return 0;
}

bool dtls_hello_is_proven(const struct dtls_hello *h, struct hmac *key, const struct addr *client,
                          uint64_t now_ms)
{
    uint32_t now_s = (uint32_t) (now_ms / 1000), stamp_s;
    struct rd r = rd_init(h->cookie);
    uint8_t want[COOKIE_SIZE];

    stamp_s = rd_u32(&r);
    return h->cookie.len == COOKIE_SIZE && now_s - stamp_s <= DTLS_COOKIE_LIFETIME_S &&
           make_cookie(h, key, client, stamp_s, want) == 0 &&
           secret_eq(h->cookie, bytes_of(want, sizeof(want)));
}

/* Sequence numbers are the hello's, so that none of ours is used twice (section 4.2.1). */
int dtls_hello_verify(const struct dtls_hello *h, struct hmac *key, const struct addr *client,
                      uint64_t now_ms, uint8_t *buf, size_t cap, size_t *ret_len)
{
    struct wr w = wr_init(buf, cap);
    uint8_t cookie[COOKIE_SIZE];
    int r = make_cookie(h, key, client, (uint32_t) (now_ms / 1000), cookie);

    if (r < 0)
        return r;
    wr_u8(&w, TYPE_HANDSHAKE);
    wr_u16(&w, VERSION_1_0);
    wr_u16(&w, 0);
    wr_bytes(&w, h->sequence);
    wr_u16(&w, MESSAGE_HEADER_SIZE + VERIFY_BODY_SIZE);
    wr_u8(&w, HELLO_VERIFY_REQUEST);
    wr_u24(&w, VERIFY_BODY_SIZE);
    wr_u16(&w, 0);
    wr_u24(&w, 0);
    wr_u24(&w, VERIFY_BODY_SIZE);
    wr_u16(&w, VERSION_1_0);
    wr_u8(&w, COOKIE_SIZE);
    wr_bytes(&w, bytes_of(cookie, sizeof(cookie)));
    return wr_finish(&w, ret_len);
}
