#include "codec/stun.h"

#include "codec/stun_hash.h"

#define LENGTH_AT 2 /* offset of the header's length field */

/*  0                   1
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |0|0|M M M M M|C|M M M|C|M M M M|   M: method, C: class (RFC 8489 section 5)
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+ */
static uint16_t message_type(enum stun_class class, enum stun_method method)
{
    unsigned m = (unsigned) method;
    unsigned c = (unsigned) class;

    return (uint16_t) ((m & 0xf80) << 2 | (m & 0x70) << 1 | (m & 0xf) | (c & 2) << 7 |
                       (c & 1) << 4);
}

void stun_begin(struct wr *w, enum stun_class class, enum stun_method method,
                const uint8_t tid[static STUN_TID_SIZE])
{
    wr_u16(w, message_type(class, method));
    wr_u16(w, 0);
    wr_u32(w, STUN_MAGIC);
    wr_bytes(w, bytes_of(tid, STUN_TID_SIZE));
}

/* Room for the value, NULL when there is none. The padding behind it is written already. */
static uint8_t *put_attr(struct wr *w, enum stun_attr type, size_t len)
{
    uint8_t *value;

    if (len > UINT16_MAX) {
        w->failed = true;
        return NULL;
    }
    wr_u16(w, (uint16_t) type);
    wr_u16(w, (uint16_t) len);
    value = wr_reserve(w, len);
    wr_zero(w, -len & 3);
    return w->failed ? NULL : value;
}

void stun_put_bytes(struct wr *w, enum stun_attr type, struct bytes value)
{
    uint8_t *at = put_attr(w, type, value.len);

    if (at && value.len)
        memcpy(at, value.p, value.len);
}

static void begin_attr(struct wr *w, enum stun_attr type, size_t len)
{
    wr_u16(w, (uint16_t) type);
    wr_u16(w, (uint16_t) len);
}

void stun_put_u32(struct wr *w, enum stun_attr type, uint32_t value)
{
    begin_attr(w, type, 4);
    wr_u32(w, value);
}

void stun_put_u64(struct wr *w, enum stun_attr type, uint64_t value)
{
    begin_attr(w, type, 8);
    wr_u64(w, value);
}

static void put_addr(struct wr *w, enum stun_attr type, const struct addr *a, bool xored)
{
    size_t ip_len = addr_ip_len(a);

    begin_attr(w, type, 4 + ip_len);
    wr_u8(w, 0);
    wr_u8(w, a->family == AF_INET6 ? STUN_FAMILY_IPV6 : STUN_FAMILY_IPV4);
    wr_u16(w, xored ? a->port ^ (STUN_MAGIC >> 16) : a->port);
    for (size_t i = 0; i < ip_len && !w->failed; i++)
        wr_u8(w, xored ? a->ip[i] ^ w->start[4 + i] : a->ip[i]);
}

void stun_put_addr(struct wr *w, enum stun_attr type, const struct addr *a)
{
    put_addr(w, type, a, false);
}

/* RFC 8489 section 14.2: the port is XORed with the magic cookie's first half, the address with
 * the cookie and the transaction id, which follow one another in the header. */
void stun_put_xor_addr(struct wr *w, enum stun_attr type, const struct addr *a)
{
    put_addr(w, type, a, true);
}

/*  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | 0, or Family  |        0                |Class|     Number    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |      Reason Phrase (variable)                                 |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+ */
static void put_error(struct wr *w, enum stun_attr type, uint8_t family, unsigned code,
                      const char *reason)
{
    uint8_t *at = put_attr(w, type, 4 + strlen(reason));

    if (!at)
        return;
    at[0] = family;
    at[1] = 0;
    at[2] = (uint8_t) (code / 100);
    at[3] = (uint8_t) (code % 100);
    memcpy(at + 4, reason, strlen(reason));
}

void stun_put_error(struct wr *w, unsigned code, const char *reason)
{
    put_error(w, STUN_ATTR_ERROR_CODE, 0, code, reason);
}

void stun_put_address_error(struct wr *w, uint8_t family, unsigned code, const char *reason)
{
    put_error(w, STUN_ATTR_ADDRESS_ERROR_CODE, family, code, reason);
}

void stun_put_family(struct wr *w, enum stun_attr type, uint8_t family)
{
    stun_put_u32(w, type, (uint32_t) family << 24);
}

/*  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |            Reserved           |  ICMP Type  |    ICMP Code    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                          Error Data                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+ */
void stun_put_icmp(struct wr *w, uint8_t type, uint16_t code, uint32_t data)
{
    begin_attr(w, STUN_ATTR_ICMP, 8);
    wr_u16(w, 0);
    wr_u16(w, (uint16_t) ((type & 0x7f) << 9 | (code & 0x1ff)));
    wr_u32(w, data);
}

void stun_put_channel(struct wr *w, uint16_t channel)
{
    stun_put_u32(w, STUN_ATTR_CHANNEL_NUMBER, (uint32_t) channel << 16);
}

void stun_put_unknown(struct wr *w, const uint16_t *types, unsigned n)
{
    begin_attr(w, STUN_ATTR_UNKNOWN_ATTRIBUTES, (size_t) n * 2);
    for (unsigned i = 0; i < n; i++)
        wr_u16(w, types[i]);
    wr_zero(w, n % 2 * 2);
}

void stun_put_integrity(struct wr *w, struct bytes key)
{
    uint8_t hmac[SHA1_SIZE];

    if (w->failed || stun_hash_integrity(bytes_of(w->start, wr_len(w)), key, hmac) < 0) {
        w->failed = true;
        return;
    }
    stun_put_bytes(w, STUN_ATTR_MESSAGE_INTEGRITY, bytes_of(hmac, sizeof(hmac)));
}

void stun_put_integrity_sha256(struct wr *w, struct bytes key, size_t size)
{
    uint8_t hmac[SHA256_SIZE];

    if (w->failed || size < STUN_SHA256_MIN || size > SHA256_SIZE || size % 4 != 0 ||
        stun_hash_integrity_sha256(bytes_of(w->start, wr_len(w)), size, key, hmac) < 0) {
        w->failed = true;
        return;
    }
    stun_put_bytes(w, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, bytes_of(hmac, size));
}

void stun_put_fingerprint(struct wr *w)
{
    if (w->failed)
        return;
    stun_put_u32(w, STUN_ATTR_FINGERPRINT, stun_hash_fingerprint(bytes_of(w->start, wr_len(w))));
}

int stun_finish(struct wr *w, size_t *ret_len)
{
    if (w->failed || wr_len(w) > STUN_HEADER_SIZE + UINT16_MAX)
        return -ENOSPC;
    wr_patch_u16(w, LENGTH_AT, (uint16_t) (wr_len(w) - STUN_HEADER_SIZE));
    return wr_finish(w, ret_len);
}

int stun_long_term_key(struct bytes user, struct bytes realm, struct bytes password,
                       uint8_t ret[static 16])
{
    struct bytes parts[] = {user, bytes_str(":"), realm, bytes_str(":"), password};

    return md5(parts, sizeof(parts) / sizeof(parts[0]), ret);
}

int stun_long_term_key_sha256(struct bytes user, struct bytes realm, struct bytes password,
                              uint8_t ret[static 32])
{
    struct bytes parts[] = {user, bytes_str(":"), realm, bytes_str(":"), password};

    return sha256(parts, sizeof(parts) / sizeof(parts[0]), ret);
}

int stun_userhash(struct bytes user, struct bytes realm, uint8_t ret[static STUN_USERHASH_SIZE])
{
    struct bytes parts[] = {user, bytes_str(":"), realm};

    return sha256(parts, sizeof(parts) / sizeof(parts[0]), ret);
}
