#include "codec/stun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 5769: the sample messages, with the password of the first three. */
#define PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"
#define TID_A "b7e7a701bc34d686fa87dfae"

static const char request_2_1[] =
    "00010058 2112a442" TID_A "80220010 5354554e 20746573 7420636c 69656e74"
    "00240004 6e0001ff"
    "80290008 932ff9b1 51263b36"
    "00060009 6576746a 3a683676 59202020"
    "00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2"
    "80280004 e57a3bcf";

static const char response_2_2[] = "0101003c 2112a442" TID_A "8022000b 74657374 20766563 746f7220"
                                   "00200008 0001a147 e112a643"
                                   "00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7"
                                   "80280004 c07d4c96";

static const char response_2_3[] = "01010048 2112a442" TID_A "8022000b 74657374 20766563 746f7220"
                                   "00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"
                                   "00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41"
                                   "80280004 c8fb0b4c";

static const char request_2_4[] = "00010060 2112a442 78ad3433 c6ad72c0 29da412e"
                                  "00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000"
                                  "0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679"
                                  "36347341"
                                  "0014000b 6578616d 706c652e 6f726700"
                                  "00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666";

static const uint8_t tid[STUN_TID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

struct packet {
    uint8_t bytes[1024];
    size_t len;
};

static struct packet from_hex(const char *hex)
{
    struct packet p = {.len = 0};

    while (*hex) {
        char digits[3] = {hex[0], hex[1], 0};

        if (*hex == ' ') {
            hex++;
            continue;
        }
        p.bytes[p.len++] = (uint8_t) strtoul(digits, NULL, 16);
        hex += 2;
    }
    return p;
}

static struct bytes view(const struct packet *p)
{
    return bytes_of(p->bytes, p->len);
}

/* A header and these attributes, with the length filled in. */
static struct packet message(const char *attributes)
{
    char hex[2048];
    struct packet p;

    assert_true(strlen(attributes) < sizeof(hex) - 64);
    strcpy(hex, "00010000 2112a442" TID_A);
    p = from_hex(strcat(hex, attributes));
    p.bytes[2] = (uint8_t) ((p.len - STUN_HEADER_SIZE) >> 8);
    p.bytes[3] = (uint8_t) (p.len - STUN_HEADER_SIZE);
    return p;
}

/* Decodes a heap copy of the exact size, so that a sanitizer sees any byte read past it, and
 * forgets it: the views of *ret point to p. */
static int decode(const struct packet *p, struct stun *ret)
{
    uint8_t *copy = malloc(p->len ? p->len : 1);
    struct stun ignored;
    int of_copy, r;

    assert_non_null(copy);
    memcpy(copy, p->bytes, p->len);
    of_copy = stun_decode(bytes_of(copy, p->len), &ignored);
    assert_memory_equal(copy, p->bytes, p->len);
    free(copy);
    r = stun_decode(view(p), ret);
    assert_int_equal(r, of_copy);
    return r;
}

static struct addr ip(const char *text, uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, port, &a), 0);
    return a;
}

static void test_sample_request(void **state)
{
    struct packet p = from_hex(request_2_1);
    struct stun m;

    (void) state;
    assert_true(stun_is_message(view(&p)));
    assert_int_equal(decode(&p, &m), 0);
    assert_int_equal(m.class, STUN_REQUEST);
    assert_int_equal(m.method, STUN_BINDING);
    assert_memory_equal(m.tid, p.bytes + 8, STUN_TID_SIZE);
    assert_true(bytes_eq_str(m.software, "STUN test client"));
    assert_true(bytes_eq_str(m.username, "evtj:h6vY"));
    assert_true(m.has_priority);
    assert_int_equal(m.priority, 0x6e0001ff);
    assert_true(m.ice_controlled);
    assert_false(m.ice_controlling);
    assert_true(m.ice_tie_breaker == 0x932ff9b151263b36u);
    assert_true(m.has_fingerprint && m.fingerprint_ok);
    assert_true(stun_integrity_ok(&m, bytes_str(PASSWORD)));
    assert_false(stun_integrity_ok(&m, bytes_str("wrong")));
    assert_int_equal(m.n_unknown, 0);
}

static void test_sample_responses(void **state)
{
    struct packet p4 = from_hex(response_2_2);
    struct packet p6 = from_hex(response_2_3);
    struct addr a4 = ip("192.0.2.1", 32853);
    struct addr a6 = ip("2001:db8:1234:5678:11:2233:4455:6677", 32853);
    struct stun m;

    (void) state;
    assert_int_equal(decode(&p4, &m), 0);
    assert_int_equal(m.class, STUN_SUCCESS);
    assert_true(bytes_eq_str(m.software, "test vector"));
    assert_true(addr_eq(&m.xor_mapped, &a4));
    assert_true(m.fingerprint_ok && stun_integrity_ok(&m, bytes_str(PASSWORD)));

    assert_int_equal(decode(&p6, &m), 0);
    assert_true(addr_eq(&m.xor_mapped, &a6));
    assert_true(m.fingerprint_ok && stun_integrity_ok(&m, bytes_str(PASSWORD)));
}

static void test_sample_long_term(void **state)
{
    struct packet p = from_hex(request_2_4);
    uint8_t key[16];
    struct stun m;

    (void) state;
    assert_int_equal(decode(&p, &m), 0);
    assert_true(bytes_eq_str(m.realm, "example.org"));
    assert_true(bytes_eq_str(m.nonce, "f//499k954d6OL34oL9FSTvy64sA"));
    assert_false(m.has_fingerprint);
    assert_int_equal(stun_long_term_key(m.username, m.realm, bytes_str("TheMatrIX"), key), 0);
    assert_true(stun_integrity_ok(&m, bytes_of(key, sizeof(key))));
    assert_int_equal(stun_long_term_key(m.username, m.realm, bytes_str("TheMatrix"), key), 0);
    assert_false(stun_integrity_ok(&m, bytes_of(key, sizeof(key))));
}

/* This sample is padded with zeros, as we do: the encoder gives it byte for byte. */
static void test_encode_sample_long_term(void **state)
{
    struct packet p = from_hex(request_2_4);
    uint8_t key[16], buf[256];
    struct wr w = wr_init(buf, sizeof(buf));
    struct stun m;
    size_t len;

    (void) state;
    assert_int_equal(stun_decode(view(&p), &m), 0);
    assert_int_equal(stun_long_term_key(m.username, m.realm, bytes_str("TheMatrIX"), key), 0);
    stun_begin(&w, STUN_REQUEST, STUN_BINDING, m.tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, m.username);
    stun_put_bytes(&w, STUN_ATTR_NONCE, m.nonce);
    stun_put_bytes(&w, STUN_ATTR_REALM, m.realm);
    stun_put_integrity(&w, bytes_of(key, sizeof(key)));
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(len, p.len);
    assert_memory_equal(buf, p.bytes, len);
}

static void test_truncated_everywhere(void **state)
{
    const char *const samples[] = {request_2_1, response_2_2, response_2_3, request_2_4};

    (void) state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct packet p = from_hex(samples[i]);
        size_t len = p.len;
        struct stun m;

        for (p.len = 0; p.len < len; p.len++)
            assert_int_equal(decode(&p, &m), -EBADMSG);
        /* With the header's length corrected, only whole attributes are taken. */
        for (p.len = STUN_HEADER_SIZE; p.len < len; p.len += 4) {
            p.bytes[2] = 0;
            p.bytes[3] = (uint8_t) (p.len - STUN_HEADER_SIZE);
            if (decode(&p, &m) == 0)
                assert_false(m.has_fingerprint);
        }
    }
}

static void test_flipped_bits(void **state)
{
    struct packet p = from_hex(request_2_1);
    struct stun m;

    (void) state;
    for (size_t i = STUN_HEADER_SIZE; i < p.len; i++) {
        p.bytes[i] ^= 0x01;
        if (decode(&p, &m) == 0)
            assert_false(m.has_fingerprint && m.fingerprint_ok &&
                         stun_integrity_ok(&m, bytes_str(PASSWORD)));
        p.bytes[i] ^= 0x01;
    }
}

static void test_header_form(void **state)
{
    struct packet p = message("");
    struct stun m;

    (void) state;
    assert_int_equal(decode(&p, &m), 0);
    p.bytes[0] = 0x40;
    assert_false(stun_is_message(view(&p)));
    assert_int_equal(decode(&p, &m), -EBADMSG);
    p = message("");
    p.bytes[4] ^= 1; /* the magic cookie */
    assert_int_equal(decode(&p, &m), -EBADMSG);
    p = message("0000");
    assert_int_equal(decode(&p, &m), -EBADMSG);
    p = message("");
    p.len += 4; /* longer than its header says */
    assert_int_equal(decode(&p, &m), -EBADMSG);
}

static void test_message_types(void **state)
{
    uint8_t buf[STUN_HEADER_SIZE];
    struct stun m;
    size_t len;

    (void) state;
    for (int class = 0; class < 4; class ++) {
        for (int method = 0; method < 0x1000; method++) {
            struct wr w = wr_init(buf, sizeof(buf));

            stun_begin(&w, (enum stun_class) class, (enum stun_method) method, tid);
            assert_int_equal(stun_finish(&w, &len), 0);
            assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
            assert_int_equal(m.class, class);
            assert_int_equal(m.method, method);
        }
    }
    struct wr w = wr_init(buf, sizeof(buf));

    stun_begin(&w, STUN_ERROR, STUN_ALLOCATE, tid);
    assert_int_equal(buf[0], 0x01);
    assert_int_equal(buf[1], 0x13);
}

static void test_attribute_sizes(void **state)
{
    static const char *const wrong[] = {
        "00080010 00000000 00000000 00000000 00000000", /* MESSAGE-INTEGRITY */
        "00080000",
        "001c000c 00000000 00000000 00000000", /* MESSAGE-INTEGRITY-SHA256 */
        "80280000",                            /* FINGERPRINT */
        "80280008 00000000 00000000",
        "000d0002 00000000", /* LIFETIME */
        "000c0002 40000000", /* CHANNEL-NUMBER */
        "00190001 11000000", /* REQUESTED-TRANSPORT */
        "00170008 01000000 00000000",
        "00180004 80000000",          /* EVEN-PORT */
        "001a0004 00000000",          /* DONT-FRAGMENT */
        "00220004 00000000",          /* RESERVATION-TOKEN */
        "00240008 00000000 00000000", /* PRIORITY */
        "00250004 00000000",          /* USE-CANDIDATE */
        "80290004 00000000",          /* ICE-CONTROLLED */
        "802a000c 00000000 00000000 00000000",
        "00090002 00000000",                   /* ERROR-CODE */
        "00090004 00000200",                   /* class 2 */
        "00090004 00000464",                   /* number 100 */
        "000a0001 00000000",                   /* UNKNOWN-ATTRIBUTES */
        "00200004 00010000",                   /* XOR-MAPPED-ADDRESS */
        "00200008 00030000 00000000",          /* of an unknown family */
        "00200008 00020000 00000000",          /* IPv6 of four bytes */
        "0020000c 00010000 00000000 00000000", /* IPv4 of eight */
        "00120007 00010000 00000000",
        "00060008 00000000", /* runs past the end */
        "0006ffff 00000000",
        "0006",
        "000600",
    };
    struct stun m;

    (void) state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct packet p = message(wrong[i]);

        if (decode(&p, &m) != -EBADMSG)
            fail_msg("accepted: %s", wrong[i]);
    }
}

static void test_text_limits(void **state)
{
    static const uint8_t text[764];
    static const struct {
        enum stun_attr type;
        size_t max;
    } limits[] = {{STUN_ATTR_USERNAME, 513},
                  {STUN_ATTR_REALM, 763},
                  {STUN_ATTR_NONCE, 763},
                  {STUN_ATTR_SOFTWARE, 763}};
    uint8_t buf[1024];

    (void) state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        for (size_t over = 0; over < 2; over++) {
            struct wr w = wr_init(buf, sizeof(buf));
            struct stun m;
            size_t len;

            stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
            stun_put_bytes(&w, limits[i].type, bytes_of(text, limits[i].max + over));
            assert_int_equal(stun_finish(&w, &len), 0);
            assert_int_equal(stun_decode(bytes_of(buf, len), &m), over ? -EBADMSG : 0);
        }
    }
}

static void test_first_of_duplicates_counts(void **state)
{
    struct packet p = message("00060001 61000000 00060001 62000000"
                              "000d0004 00000001 000d0004 00000002"
                              "000c0004 40000000 000c0004 40010000"
                              "00180001 80000000 00180001 00000000"
                              "00090004 00000401 00090004 00000526"
                              "80290008 00000000 00000001 802a0008 00000000 00000002"
                              "00200008 0001a147 e112a643 00200008 0001a148 e112a644");
    struct addr first = ip("192.0.2.1", 32853);
    struct stun m;

    (void) state;
    assert_int_equal(decode(&p, &m), 0);
    assert_true(bytes_eq_str(m.username, "a"));
    assert_int_equal(m.lifetime_s, 1);
    assert_int_equal(m.channel, 0x4000);
    assert_true(m.even_port_reserve);
    assert_int_equal(m.error_code, 401);
    assert_true(m.ice_controlled && !m.ice_controlling && m.ice_tie_breaker == 1);
    assert_true(addr_eq(&m.xor_mapped, &first));
}

static void test_behind_integrity(void **state)
{
#define INTEGRITY "00080014 00000000 00000000 00000000 00000000 00000000"
#define INTEGRITY_SHA256 "001c0010 00000000 00000000 00000000 00000000"
    struct packet p;
    struct stun m;

    (void) state;
    p = message(INTEGRITY "00060001 61000000 00250000 7fff0000 00120008 0001a147 e112a643");
    assert_int_equal(decode(&p, &m), 0);
    assert_null(m.username.p);
    assert_false(m.use_candidate);
    assert_int_equal(m.n_unknown, 0);
    assert_int_equal(m.n_peers, 0);
    assert_false(stun_next_peer(&m, &(size_t){0}, &(struct addr){0}));

    p = message(INTEGRITY INTEGRITY_SHA256 "80280004 00000000");
    assert_int_equal(decode(&p, &m), 0);
    assert_int_equal(m.integrity_sha256.len, 16);
    assert_true(m.has_fingerprint && !m.fingerprint_ok);

    p = message(INTEGRITY_SHA256 INTEGRITY);
    assert_int_equal(decode(&p, &m), 0);
    assert_null(m.integrity.p);

    p = message("80280004 00000000 00060001 61000000");
    assert_int_equal(decode(&p, &m), -EBADMSG);
}

static void test_unknown_attributes(void **state)
{
    struct packet p = message("7ff00000 80000000 c0570004 00000000 7ff10001 00000000");
    struct stun m;

    (void) state;
    assert_int_equal(decode(&p, &m), 0);
    assert_int_equal(m.n_unknown, 2);
    assert_int_equal(m.unknown[0], 0x7ff0);
    assert_int_equal(m.unknown[1], 0x7ff1);

    p = message("70010000 70020000 70030000 70040000 70050000 70060000 70070000 70080000"
                "70090000 700a0000");
    assert_int_equal(decode(&p, &m), 0);
    assert_int_equal(m.n_unknown, STUN_UNKNOWN_MAX);
}

static void test_padding_may_hold_anything(void **state)
{
    struct packet p = message("00060001 61ffffff 8022 0003 616263ff 00250000");
    struct stun m;

    (void) state;
    assert_int_equal(decode(&p, &m), 0);
    assert_true(bytes_eq_str(m.username, "a"));
    assert_true(bytes_eq_str(m.software, "abc"));
    assert_true(m.use_candidate);
}

static void test_empty_values_are_present(void **state)
{
    struct packet p = message("00060000 00130000");
    struct stun m;

    (void) state;
    assert_int_equal(decode(&p, &m), 0);
    assert_non_null(m.username.p);
    assert_non_null(m.data.p);
    assert_null(m.realm.p);
    assert_int_equal(m.data.len, 0);
}

static void test_peers(void **state)
{
    const struct addr want[] = {ip("192.0.2.1", 1), ip("2001:db8::1", 2), ip("10.0.0.1", 65535)};
    uint8_t buf[256];
    struct wr w = wr_init(buf, sizeof(buf));
    size_t len, pos = 0;
    struct addr got;
    struct stun m;

    (void) state;
    stun_begin(&w, STUN_REQUEST, STUN_CREATE_PERMISSION, tid);
    for (size_t i = 0; i < 3; i++) {
        stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &want[i]);
        stun_put_u32(&w, STUN_ATTR_LIFETIME, 1);
    }
    stun_put_integrity(&w, bytes_str("key"));
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &want[0]);
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
    assert_int_equal(m.n_peers, 3);
    assert_true(addr_eq(&m.xor_peer, &want[0]));
    for (size_t i = 0; i < 3; i++) {
        assert_true(stun_next_peer(&m, &pos, &got));
        assert_true(addr_eq(&got, &want[i]));
    }
    assert_false(stun_next_peer(&m, &pos, &got));
}

static void test_mapped_ipv4_is_ipv4(void **state)
{
    struct addr v4 = ip("192.0.2.7", 9), mapped = {.family = AF_INET6, .port = 9};
    uint8_t buf[64];
    struct wr w = wr_init(buf, sizeof(buf));
    struct stun m;
    size_t len;

    (void) state;
    mapped.ip[10] = mapped.ip[11] = 0xff;
    memcpy(mapped.ip + 12, v4.ip, 4);
    stun_begin(&w, STUN_INDICATION, STUN_SEND, tid);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &mapped);
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
    assert_true(addr_eq(&m.xor_peer, &v4));
}

static void test_round_trip(void **state)
{
    static const uint16_t unknown[] = {0x7fff, 0x7001, 0x7002};
    struct addr relayed = ip("203.0.113.5", 60000), mapped = ip("fe80::1", 40000);
    uint8_t buf[512];
    struct wr w = wr_init(buf, sizeof(buf));
    struct stun m;
    size_t len;

    (void) state;
    stun_begin(&w, STUN_ERROR, STUN_ALLOCATE, tid);
    stun_put_error(&w, 420, "Unknown");
    stun_put_unknown(&w, unknown, 3);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_RELAYED_ADDRESS, &relayed);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, &mapped);
    stun_put_u32(&w, STUN_ATTR_LIFETIME, 600);
    stun_put_channel(&w, 0x4abc);
    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    stun_put_u32(&w, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2u << 24);
    stun_put_bytes(&w, STUN_ATTR_DONT_FRAGMENT, bytes_str(NULL));
    stun_put_bytes(&w, STUN_ATTR_EVEN_PORT, bytes_of("\0", 1));
    stun_put_bytes(&w, STUN_ATTR_RESERVATION_TOKEN, bytes_str("12345678"));
    stun_put_u64(&w, STUN_ATTR_ICE_CONTROLLING, 0x0102030405060708u);
    stun_put_integrity(&w, bytes_str("key"));
    stun_put_fingerprint(&w);
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(len % 4, 0);
    assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
    assert_memory_equal(m.tid, tid, sizeof(tid));
    assert_true(m.has_error);
    assert_int_equal(m.error_code, 420);
    assert_true(bytes_eq_str(m.error_reason, "Unknown"));
    assert_true(addr_eq(&m.xor_relayed, &relayed));
    assert_true(addr_eq(&m.xor_mapped, &mapped));
    assert_true(m.has_lifetime && m.lifetime_s == 600);
    assert_true(m.has_channel && m.channel == 0x4abc);
    assert_true(m.has_requested_transport && m.requested_transport == 17);
    assert_true(m.has_requested_family && m.requested_family == 2);
    assert_true(m.dont_fragment && m.has_even_port && !m.even_port_reserve);
    assert_true(bytes_eq_str(m.reservation_token, "12345678"));
    assert_true(m.ice_controlling && m.ice_tie_breaker == 0x0102030405060708u);
    assert_true(stun_integrity_ok(&m, bytes_str("key")));
    assert_true(m.has_fingerprint && m.fingerprint_ok);
}

static void test_encode_without_room(void **state)
{
    uint8_t buf[128];
    struct addr a = ip("2001:db8::2", 7);
    size_t full = 0;

    (void) state;
    for (size_t cap = sizeof(buf); cap-- > 0;) {
        struct wr w = wr_init(buf, cap);
        size_t len = 12345;
        int r;

        stun_begin(&w, STUN_SUCCESS, STUN_BINDING, tid);
        stun_put_xor_addr(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, &a);
        stun_put_error(&w, 400, "x");
        stun_put_integrity(&w, bytes_str("key"));
        stun_put_fingerprint(&w);
        r = stun_finish(&w, &len);
        if (cap == sizeof(buf) - 1)
            full = len;
        assert_int_equal(r, cap >= full ? 0 : -ENOSPC);
        assert_int_equal(len, cap >= full ? full : 12345);
    }
}

static void test_encode_too_long(void **state)
{
    static uint8_t buf[80000], data[70000];
    struct wr w = wr_init(buf, sizeof(buf));
    size_t len;

    (void) state;
    stun_begin(&w, STUN_INDICATION, STUN_DATA, tid);
    stun_put_bytes(&w, STUN_ATTR_DATA, bytes_of(data, sizeof(data)));
    assert_int_equal(stun_finish(&w, &len), -ENOSPC);
    w = wr_init(buf, sizeof(buf));
    stun_begin(&w, STUN_INDICATION, STUN_DATA, tid);
    stun_put_bytes(&w, STUN_ATTR_DATA, bytes_of(data, 65535));
    assert_int_equal(stun_finish(&w, &len), -ENOSPC); /* the attribute fits, the message not */
}

static void test_chandata(void **state)
{
    static uint8_t large[UINT16_MAX + 1];
    uint8_t buf[16] = {0x40, 0x01, 0x00, 0x03, 'a', 'b', 'c', 0xff};
    struct bytes data;
    uint16_t channel;
    size_t len;

    (void) state;
    assert_int_equal(chandata_decode(bytes_of(buf, 7), &channel, &data), 0);
    assert_int_equal(channel, 0x4001);
    assert_true(bytes_eq_str(data, "abc"));
    assert_int_equal(chandata_decode(bytes_of(buf, 8), &channel, &data), 0);
    assert_int_equal(data.len, 3);
    for (size_t n = 0; n < 7; n++)
        assert_int_equal(chandata_decode(bytes_of(buf, n), &channel, &data), -EBADMSG);
    buf[0] = 0x3f;
    assert_int_equal(chandata_decode(bytes_of(buf, 7), &channel, &data), -EBADMSG);
    buf[0] = 0x50;
    assert_int_equal(chandata_decode(bytes_of(buf, 7), &channel, &data), -EBADMSG);

    assert_int_equal(chandata_encode(buf, sizeof(buf), 0x4fff, bytes_str("hello"), &len), 0);
    assert_int_equal(len, 9);
    assert_int_equal(chandata_decode(bytes_of(buf, len), &channel, &data), 0);
    assert_int_equal(channel, 0x4fff);
    assert_true(bytes_eq_str(data, "hello"));
    assert_int_equal(chandata_encode(buf, 8, 0x4fff, bytes_str("hello"), &len), -ENOSPC);
    assert_int_equal(
        chandata_encode(buf, sizeof(buf), 0x4000, bytes_of(large, sizeof(large)), &len), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample_request),
        cmocka_unit_test(test_sample_responses),
        cmocka_unit_test(test_sample_long_term),
        cmocka_unit_test(test_encode_sample_long_term),
        cmocka_unit_test(test_truncated_everywhere),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_header_form),
        cmocka_unit_test(test_message_types),
        cmocka_unit_test(test_attribute_sizes),
        cmocka_unit_test(test_text_limits),
        cmocka_unit_test(test_first_of_duplicates_counts),
        cmocka_unit_test(test_behind_integrity),
        cmocka_unit_test(test_unknown_attributes),
        cmocka_unit_test(test_padding_may_hold_anything),
        cmocka_unit_test(test_empty_values_are_present),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_mapped_ipv4_is_ipv4),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_encode_without_room),
        cmocka_unit_test(test_encode_too_long),
        cmocka_unit_test(test_chandata),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
