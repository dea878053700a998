#include "codec/stun.h"

#include "codec/stun_hash.h"

/* RFC 8489 section 14 gives these maxima. */
#define USERNAME_MAX 513
#define TEXT_MAX 763 /* of REALM, NONCE, SOFTWARE and a reason phrase */
#define DOMAIN_MAX 255

#define ATTR_IS_REQUIRED(type) ((type) < 0x8000)

bool stun_is_message(struct bytes d)
{
    struct rd r = rd_init(d);
    uint16_t type = rd_u16(&r);
    uint16_t len = rd_u16(&r);
    uint32_t magic = rd_u32(&r);

    return d.len >= STUN_HEADER_SIZE && type < 0x4000 && len % 4 == 0 && magic == STUN_MAGIC;
}

/* The next attribute, its value without the padding; false at the end and when it runs past it. */
static bool next_attr(struct rd *r, uint16_t *ret_type, struct bytes *ret_value)
{
    uint16_t len;

    if (rd_left(r) == 0)
        return false;
    *ret_type = rd_u16(r);
    len = rd_u16(r);
    *ret_value = rd_bytes(r, len);
    rd_skip(r, -(size_t) len & 3);
    return !r->failed;
}

static int take_bytes(struct bytes v, size_t min, size_t max, struct bytes *ret)
{
    if (v.len < min || v.len > max)
        return -EBADMSG;
    if (!ret->p)
        *ret = v;
    return 0;
}

static int take_flag(struct bytes v, bool *ret)
{
    if (v.len != 0)
        return -EBADMSG;
    *ret = true;
    return 0;
}

/* 32 bits; leaves *ret alone when the attribute was there before. */
static int take_u32(struct bytes v, bool *has, uint32_t *ret)
{
    struct rd r = rd_init(v);

    if (v.len != 4)
        return -EBADMSG;
    if (!*has)
        *ret = rd_u32(&r);
    *has = true;
    return 0;
}

static int take_tie_breaker(struct stun *m, struct bytes v, bool *role)
{
    struct rd r = rd_init(v);

    if (v.len != 8)
        return -EBADMSG;
    if (!m->ice_controlled && !m->ice_controlling) {
        m->ice_tie_breaker = rd_u64(&r);
        *role = true;
    }
    return 0;
}

/*  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |0 0 0 0 0 0 0 0|    Family     |             Port              |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |            Address (32 or 128 bits), perhaps XORed            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+ */
static int read_addr(const struct stun *m, struct bytes v, bool xored, struct addr *ret)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *mask = m->raw.p + 4; /* magic cookie and transaction id */
    struct addr a = {0};
    struct rd r = rd_init(v);
    uint8_t family;
    struct bytes ip;

    rd_skip(&r, 1);
    family = rd_u8(&r);
    a.port = rd_u16(&r);
    a.family = family == 1 ? AF_INET : AF_INET6;
    ip = rd_bytes(&r, addr_ip_len(&a));
    if (rd_finish(&r) < 0 || rd_left(&r) > 0 || family < 1 || family > 2)
        return -EBADMSG;
    for (size_t i = 0; i < ip.len; i++)
        a.ip[i] = xored ? ip.p[i] ^ mask[i] : ip.p[i];
    if (xored)
        a.port ^= STUN_MAGIC >> 16;
    if (a.family == AF_INET6 && memcmp(a.ip, mapped, sizeof(mapped)) == 0) {
        a.family = AF_INET;
        memmove(a.ip, a.ip + 12, 4);
        memset(a.ip + 4, 0, 12);
    }
    *ret = a;
    return 0;
}

static int take_addr(const struct stun *m, struct bytes v, bool xored, struct addr *ret)
{
    struct addr a;

    if (read_addr(m, v, xored, &a) < 0)
        return -EBADMSG;
    if (ret->family == 0)
        *ret = a;
    return 0;
}

/* ERROR-CODE and ADDRESS-ERROR-CODE, of which the first byte is a family; see stun_encode.c. */
static int read_error(struct bytes v, uint8_t *ret_family, uint16_t *ret_code,
                      struct bytes *ret_reason)
{
    struct rd r = rd_init(v);
    unsigned class, number;

    *ret_family = rd_u8(&r);
    rd_skip(&r, 1);
    class = rd_u8(&r) & 7;
    number = rd_u8(&r);
    if (rd_finish(&r) < 0 || class < 3 || class > 6 || number > 99 || rd_left(&r) > TEXT_MAX)
        return -EBADMSG;
    *ret_code = (uint16_t) (class * 100 + number);
    *ret_reason = rd_bytes(&r, rd_left(&r));
    return 0;
}

static int take_error(struct stun *m, struct bytes v)
{
    struct bytes reason;
    uint8_t reserved;
    uint16_t code;

    if (read_error(v, &reserved, &code, &reason) < 0)
        return -EBADMSG;
    if (!m->has_error) {
        m->error_code = code;
        m->error_reason = reason;
    }
    m->has_error = true;
    return 0;
}

static int take_address_error(struct stun *m, struct bytes v)
{
    struct bytes reason;
    uint8_t family;
    uint16_t code;

    if (read_error(v, &family, &code, &reason) < 0)
        return -EBADMSG;
    if (!m->has_address_error) {
        m->address_error_family = family;
        m->address_error_code = code;
    }
    m->has_address_error = true;
    return 0;
}

static int take_icmp(struct stun *m, struct bytes v)
{
    struct rd r = rd_init(v);
    uint16_t type_code;

    if (v.len != 8)
        return -EBADMSG;
    if (!m->has_icmp) {
        rd_skip(&r, 2);
        type_code = rd_u16(&r);
        m->icmp_type = (uint8_t) (type_code >> 9);
        m->icmp_code = type_code & 0x1ff;
        m->icmp_data = rd_u32(&r);
    }
    m->has_icmp = true;
    return 0;
}

/* One or more of: number (2), length of the parameters (2), parameters, padding (RFC 8489 sections
 * 14.11, 14.12). */
static int take_algorithms(struct bytes v, bool several, struct bytes *ret)
{
    struct rd r = rd_init(v);
    unsigned n = 0;

    for (; rd_left(&r) > 0; n++) {
        uint16_t len;

        rd_skip(&r, 2);
        len = rd_u16(&r);
        rd_skip(&r, len);
        if (rd_left(&r) > 0) /* the last one's padding is the attribute's, and may be left out */
            rd_skip(&r, -(size_t) len & 3);
    }
    if (rd_finish(&r) < 0 || n == 0 || (n > 1 && !several))
        return -EBADMSG;
    return take_bytes(v, 0, UINT16_MAX, ret);
}

static int take_even_port(struct stun *m, struct bytes v)
{
    if (v.len != 1)
        return -EBADMSG;
    if (!m->has_even_port)
        m->even_port_reserve = v.p[0] & 0x80;
    m->has_even_port = true;
    return 0;
}

/* Attributes of 32 bits of which the first ones count. */
static int take_high_bits(struct bytes v, unsigned n_bits, bool *has, uint32_t *ret)
{
    bool before = *has;

    if (take_u32(v, has, ret) < 0)
        return -EBADMSG;
    if (!before)
        *ret >>= 32 - n_bits;
    return 0;
}

static int take_channel(struct stun *m, struct bytes v)
{
    uint32_t value = m->channel;
    int r = take_high_bits(v, 16, &m->has_channel, &value);

    m->channel = (uint16_t) value;
    return r;
}

static int take_transport(struct stun *m, struct bytes v)
{
    uint32_t value = m->requested_transport;
    int r = take_high_bits(v, 8, &m->has_requested_transport, &value);

    m->requested_transport = (uint8_t) value;
    return r;
}

static int take_family(struct bytes v, bool *has, uint8_t *ret)
{
    uint32_t value = *ret;
    int r = take_high_bits(v, 8, has, &value);

    *ret = (uint8_t) value;
    return r;
}

/* RFC 8489 section 14.6: truncated to a multiple of four, to no less than 16 bytes. */
static int take_integrity_sha256(struct stun *m, struct bytes v)
{
    return v.len % 4 == 0 ? take_bytes(v, STUN_SHA256_MIN, SHA256_SIZE, &m->integrity_sha256)
                          : -EBADMSG;
}

static int take_peer(struct stun *m, struct bytes v)
{
    if (take_addr(m, v, true, &m->xor_peer) < 0)
        return -EBADMSG;
    m->n_peers++;
    return 0;
}

/* One of each family may be there. */
static int take_relayed(struct stun *m, struct bytes v)
{
    return take_addr(m, v, true, m->xor_relayed.family ? &m->xor_relayed2 : &m->xor_relayed);
}

static int take_unknown(struct stun *m, uint16_t type)
{
    if (ATTR_IS_REQUIRED(type) && m->n_unknown < STUN_UNKNOWN_MAX)
        m->unknown[m->n_unknown++] = type;
    return 0;
}

/* What comes before the attribute that has this value. */
static struct bytes before(const struct stun *m, struct bytes value)
{
    return bytes_of(m->raw.p, (size_t) (value.p - m->raw.p) - STUN_ATTR_HEADER_SIZE);
}

static int take_fingerprint(struct stun *m, struct bytes v)
{
    struct rd r = rd_init(v);

    if (v.len != STUN_FINGERPRINT_SIZE)
        return -EBADMSG;
    m->has_fingerprint = true;
    m->fingerprint_ok = rd_u32(&r) == stun_hash_fingerprint(before(m, v));
    return 0;
}

static int take_attr(struct stun *m, uint16_t type, struct bytes v)
{
    switch (type) {
    case STUN_ATTR_MAPPED_ADDRESS:
        return take_addr(m, v, false, &m->mapped);
    case STUN_ATTR_XOR_MAPPED_ADDRESS:
        return take_addr(m, v, true, &m->xor_mapped);
    case STUN_ATTR_XOR_RELAYED_ADDRESS:
        return take_relayed(m, v);
    case STUN_ATTR_XOR_PEER_ADDRESS:
        return take_peer(m, v);
    case STUN_ATTR_USERNAME:
        return take_bytes(v, 0, USERNAME_MAX, &m->username);
    case STUN_ATTR_REALM:
        return take_bytes(v, 0, TEXT_MAX, &m->realm);
    case STUN_ATTR_NONCE:
        return take_bytes(v, 0, TEXT_MAX, &m->nonce);
    case STUN_ATTR_SOFTWARE:
        return take_bytes(v, 0, TEXT_MAX, &m->software);
    case STUN_ATTR_DATA:
        return take_bytes(v, 0, UINT16_MAX, &m->data);
    case STUN_ATTR_RESERVATION_TOKEN:
        return take_bytes(v, 8, 8, &m->reservation_token);
    case STUN_ATTR_MESSAGE_INTEGRITY:
        return take_bytes(v, STUN_INTEGRITY_SIZE, STUN_INTEGRITY_SIZE, &m->integrity);
    case STUN_ATTR_MESSAGE_INTEGRITY_SHA256:
        return take_integrity_sha256(m, v);
    case STUN_ATTR_FINGERPRINT:
        return take_fingerprint(m, v);
    case STUN_ATTR_ERROR_CODE:
        return take_error(m, v);
    case STUN_ATTR_UNKNOWN_ATTRIBUTES:
        return v.len % 2 == 0 ? 0 : -EBADMSG;
    case STUN_ATTR_CHANNEL_NUMBER:
        return take_channel(m, v);
    case STUN_ATTR_LIFETIME:
        return take_u32(v, &m->has_lifetime, &m->lifetime_s);
    case STUN_ATTR_REQUESTED_TRANSPORT:
        return take_transport(m, v);
    case STUN_ATTR_REQUESTED_ADDRESS_FAMILY:
        return take_family(v, &m->has_requested_family, &m->requested_family);
    case STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY:
        return take_family(v, &m->has_additional_family, &m->additional_family);
    case STUN_ATTR_ADDRESS_ERROR_CODE:
        return take_address_error(m, v);
    case STUN_ATTR_ICMP:
        return take_icmp(m, v);
    case STUN_ATTR_ALTERNATE_SERVER:
        return take_addr(m, v, false, &m->alternate_server);
    case STUN_ATTR_ALTERNATE_DOMAIN:
        return take_bytes(v, 0, DOMAIN_MAX, &m->alternate_domain);
    case STUN_ATTR_USERHASH:
        return take_bytes(v, STUN_USERHASH_SIZE, STUN_USERHASH_SIZE, &m->userhash);
    case STUN_ATTR_PASSWORD_ALGORITHM:
        return take_algorithms(v, false, &m->password_algorithm);
    case STUN_ATTR_PASSWORD_ALGORITHMS:
        return take_algorithms(v, true, &m->password_algorithms);
    case STUN_ATTR_EVEN_PORT:
        return take_even_port(m, v);
    case STUN_ATTR_DONT_FRAGMENT:
        return take_flag(v, &m->dont_fragment);
    case STUN_ATTR_PRIORITY:
        return take_u32(v, &m->has_priority, &m->priority);
    case STUN_ATTR_USE_CANDIDATE:
        return take_flag(v, &m->use_candidate);
    case STUN_ATTR_ICE_CONTROLLED:
        return take_tie_breaker(m, v, &m->ice_controlled);
    case STUN_ATTR_ICE_CONTROLLING:
        return take_tie_breaker(m, v, &m->ice_controlling);
    default:
        return take_unknown(m, type);
    }
}

/* What may follow an integrity attribute and count (RFC 8489 sections 14.5, 14.6). */
static bool is_covered(const struct stun *m, uint16_t type)
{
    if (type == STUN_ATTR_FINGERPRINT)
        return true;
    if (m->integrity_sha256.p)
        return false;
    return !m->integrity.p || type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256;
}

static int take_header(struct stun *m)
{
    struct rd r = rd_init(m->raw);
    unsigned type = rd_u16(&r);
    uint16_t len = rd_u16(&r);

    if (!stun_is_message(m->raw) || len != m->raw.len - STUN_HEADER_SIZE)
        return -EBADMSG;
    m->class = (enum stun_class)((type >> 7 & 2) | (type >> 4 & 1));
    m->method = (enum stun_method)((type >> 2 & 0xf80) | (type >> 1 & 0x70) | (type & 0xf));
    memcpy(m->tid, m->raw.p + 8, STUN_TID_SIZE);
    return 0;
}

static struct rd attrs_of(const struct stun *m)
{
    return rd_init(bytes_of(m->raw.p + STUN_HEADER_SIZE, m->raw.len - STUN_HEADER_SIZE));
}

int stun_decode_form(struct bytes datagram, struct stun *ret)
{
    struct bytes value;
    uint16_t type;
    struct rd r;

    *ret = (struct stun){.raw = datagram};
    if (take_header(ret) < 0)
        return -EBADMSG;
    r = attrs_of(ret);
    while (next_attr(&r, &type, &value)) {
        if (ret->has_fingerprint) /* it has to be the last */
            return -EBADMSG;
        if (is_covered(ret, type) && take_attr(ret, type, value) < 0)
            ret->malformed = true;
    }
    return rd_finish(&r);
}

int stun_decode(struct bytes datagram, struct stun *ret)
{
    struct stun m;

    if (stun_decode_form(datagram, &m) < 0 || m.malformed)
        return -EBADMSG;
    *ret = m;
    return 0;
}

bool stun_next_peer(const struct stun *m, size_t *pos, struct addr *ret)
{
    struct rd r = attrs_of(m);
    struct bytes value;
    uint16_t type;

    rd_skip(&r, *pos);
    while (next_attr(&r, &type, &value)) {
        if (type == STUN_ATTR_MESSAGE_INTEGRITY || type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256)
            return false;
        if (type != STUN_ATTR_XOR_PEER_ADDRESS)
            continue;
        *pos = (size_t) (r.p - m->raw.p) - STUN_HEADER_SIZE;
        return read_addr(m, value, true, ret) == 0;
    }
    return false;
}

bool stun_integrity_ok(const struct stun *m, struct bytes key)
{
    uint8_t hmac[SHA1_SIZE];

    return m->integrity.p && stun_hash_integrity(before(m, m->integrity), key, hmac) == 0 &&
           secret_eq(m->integrity, bytes_of(hmac, sizeof(hmac)));
}

bool stun_integrity_sha256_ok(const struct stun *m, struct bytes key)
{
    struct bytes got = m->integrity_sha256;
    uint8_t hmac[SHA256_SIZE];

    return got.p && stun_hash_integrity_sha256(before(m, got), got.len, key, hmac) == 0 &&
           secret_eq(got, bytes_of(hmac, got.len));
}
