/* The samples of RFC 5769, damaged ones, and what the encoder makes. */
#include "stun_kit.h"

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
        cmocka_unit_test(test_sample_request),       cmocka_unit_test(test_sample_responses),
        cmocka_unit_test(test_sample_long_term),     cmocka_unit_test(test_encode_sample_long_term),
        cmocka_unit_test(test_truncated_everywhere), cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_round_trip),           cmocka_unit_test(test_encode_without_room),
        cmocka_unit_test(test_encode_too_long),      cmocka_unit_test(test_chandata),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
