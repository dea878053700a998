#include "rtc/dtls_screen.h"

#include "base/buf.h"

enum { RECORD_CCS = 20, RECORD_HANDSHAKE = 22, RECORD_DATA = 23 };
enum { HELLO = 1, CERTIFICATE = 11, CERTIFICATE_VERIFY = 15, KEY_EXCHANGE = 16 };

#define FRAGMENT_HEADER_SIZE 12
#define RANDOM_AT 2   /* behind the version */
#define SEQUENCE_AT 5 /* of a record */
#define RECORD_HEADER_SIZE 13

/* Each message of a client has its place: our server asks for a certificate, and for no cookie. A
 * hello that comes again after our answer would be ignored anyway; the answer has its own timer. */
static bool is_in_place(const struct dtls_screen *s, uint8_t type, uint16_t seq)
{
    switch (type) {
    case HELLO:
        return !s->answered && seq == 0;
    case CERTIFICATE:
        return s->answered && seq == 1;
    case KEY_EXCHANGE:
        return s->answered && seq == 2;
    case CERTIFICATE_VERIFY:
        return s->answered && seq == 3;
    default:
        return false;
    }
}

/* Those that dtls_identity.c allows (RFC 5289, 7905). */
static bool is_our_suite(uint16_t suite)
{
    return suite == 0xc02b || suite == 0xc02c || suite == 0xcca9;
}

/* RFC 5246 section 7.4.1.2: version (2) random (32) session id (1 + n) cookie (1 + n)
 * cipher suites (2 + n) … The suites come early enough for the first fragment. */
static bool hello_offers_something(struct bytes start)
{
    struct rd r = rd_init(start);
    struct rd suites;

    rd_skip(&r, RANDOM_AT + DTLS_SCREEN_RANDOM_SIZE);
    rd_skip(&r, rd_u8(&r));
    rd_skip(&r, rd_u8(&r));
    suites = rd_init(rd_bytes(&r, rd_u16(&r)));
    while (!r.failed && rd_left(&suites) >= 2) {
        if (is_our_suite(rd_u16(&suites)))
            return true;
    }
    return false;
}

/* Does it belong to the hello of this attempt? OpenSSL would wait for ever for the rest of another
 * one's length. */
static enum dtls_verdict part_of_hello(struct dtls_screen *s, uint32_t len, uint32_t at,
                                       struct bytes part)
{
    if (at == 0 && !hello_offers_something(part))
        return DTLS_DROP;
    if (s->hello_len != 0 && len != s->hello_len)
        return at == 0 ? DTLS_OTHER : DTLS_DROP;
    if (at == 0 && s->has_start && memcmp(s->random, part.p + RANDOM_AT, sizeof(s->random)) != 0)
        return DTLS_OTHER;
    s->hello_len = len;
    if (at == 0) {
        s->has_start = true;
        memcpy(s->random, part.p + RANDOM_AT, sizeof(s->random));
    }
    return DTLS_PASS;
}

/* RFC 6347 section 4.2.2:
 *   type (1) length (3) message number (2) fragment offset (3) fragment length (3) fragment */
static enum dtls_verdict screen_fragment(struct dtls_screen *s, struct rd *r)
{
    uint8_t type = rd_u8(r);
    uint32_t len = rd_u24(r);
    uint16_t seq = rd_u16(r);
    uint32_t at = rd_u24(r);
    struct bytes part = rd_bytes(r, rd_u24(r));

    if (r->failed || part.len == 0 || len > DTLS_SCREEN_MESSAGE_MAX || at + part.len > len ||
        !is_in_place(s, type, seq))
        return DTLS_DROP;
    return type == HELLO ? part_of_hello(s, len, at, part) : DTLS_PASS;
}

static enum dtls_verdict screen_messages(struct dtls_screen *s, struct bytes record)
{
    struct rd r = rd_init(record);
    enum dtls_verdict v;

    if (record.len < FRAGMENT_HEADER_SIZE)
        return DTLS_DROP;
    do {
        v = screen_fragment(s, &r);
    } while (v == DTLS_PASS && rd_left(&r) > 0);
    s->bytes += record.len;
    return v;
}

static enum dtls_verdict screen_in_the_clear(struct dtls_screen *s, uint8_t type,
                                             struct bytes record)
{
    switch (type) {
    case RECORD_CCS:
        return s->answered && record.len == 1 && record.p[0] == 1 ? DTLS_PASS : DTLS_DROP;
    case RECORD_HANDSHAKE:
        return screen_messages(s, record);
    default: /* alerts among them: nobody has signed them, and a deadline ends the handshake, too */
        return DTLS_DROP;
    }
}

/* RFC 6347 section 4.1: type (1) version (2) epoch (2) sequence number (6) length (2) fragment.
 * A later epoch than 0 is encrypted: OpenSSL drops what is not authentic, and a client has but one.
 */
static enum dtls_verdict screen_record(struct dtls_screen *s, struct rd *r)
{
    uint8_t type = rd_u8(r);
    uint8_t version = rd_u8(r);
    uint16_t epoch;
    struct bytes record;

    rd_skip(r, 1);
    epoch = rd_u16(r);
    rd_skip(r, 6);
    record = rd_bytes(r, rd_u16(r));
    if (r->failed || version != 0xfe || type < RECORD_CCS || type > RECORD_DATA || epoch > 1)
        return DTLS_DROP;
    if (epoch == 0)
        return screen_in_the_clear(s, type, record);
    return s->answered ? DTLS_PASS : DTLS_DROP;
}

enum dtls_verdict dtls_screen(struct dtls_screen *s, struct bytes datagram)
{
    struct rd r = rd_init(datagram);
    struct dtls_screen next = *s;
    enum dtls_verdict v;

    do {
        v = screen_record(&next, &r);
    } while (v == DTLS_PASS && rd_left(&r) > 0);
    if (v != DTLS_PASS)
        return v;
    if (next.bytes > DTLS_SCREEN_BYTES_MAX)
        return DTLS_FULL;
    *s = next;
    return DTLS_PASS;
}

void dtls_screen_number(struct dtls_screen *s, uint8_t *datagram, size_t len)
{
    size_t at = 0;

    while (at + RECORD_HEADER_SIZE <= len) {
        uint8_t *record = datagram + at;
        struct wr w = wr_init(record + SEQUENCE_AT, 6);

        if (record[3] == 0 && record[4] == 0) {
            wr_u16(&w, (uint16_t) (s->sequence >> 32));
            wr_u32(&w, (uint32_t) s->sequence++);
        }
        at += RECORD_HEADER_SIZE + (size_t) (record[11] << 8 | record[12]);
    }
}
