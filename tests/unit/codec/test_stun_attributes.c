/* The form of headers and attributes that others send. */
#include "stun_kit.h"

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
        "80000002 01000000", /* ADDITIONAL-ADDRESS-FAMILY */
        "80000008 02000000 00000000",
        "80010003 01000400", /* ADDRESS-ERROR-CODE */
        "80010004 01000200", /* class 2 */
        "80010004 01000464", /* number 100 */
        "80040004 00000203", /* ICMP */
        "8004000c 00000203 00000000 00000000",
        "80230008 00000001 7f000001", /* ALTERNATE-SERVER of no family */
        "80230004 00010001",
        "001d0000",                   /* PASSWORD-ALGORITHM: none */
        "001d0002 00010000",          /* no length of parameters */
        "001d0004 00010004",          /* which run past the end */
        "001d0008 00020000 00010000", /* two */
        "80020000",                   /* PASSWORD-ALGORITHMS: none */
        "80020006 00020000 00010000",
        "8002000c 00020009 01020304 05060708",
        "001e001c 00000000 00000000 00000000 00000000 00000000 00000000 00000000", /* USERHASH */
        "001e0024 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
        "00000000",
        "001c0012 00000000 00000000 00000000 00000000 00000000", /* no multiple of four */
        "001c0024 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
        "00000000",
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
                  {STUN_ATTR_SOFTWARE, 763},
                  {STUN_ATTR_ALTERNATE_DOMAIN, 255}};
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
                              "00200008 0001a147 e112a643 00200008 0001a148 e112a644"
                              "80000004 02000000 80000004 01000000"
                              "80010004 02000428 80010004 01000508"
                              "80040008 00000604 00000001 80040008 00000000 00000002"
                              "80230008 00010d96 c0000201 80230008 00010d97 c0000202"
                              "80030001 61000000 80030001 62000000");
    struct addr first = ip("192.0.2.1", 32853);
    struct addr alternate = ip("192.0.2.1", 3478);
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
    assert_true(m.has_additional_family && m.additional_family == STUN_FAMILY_IPV6);
    assert_true(m.has_address_error && m.address_error_family == STUN_FAMILY_IPV6);
    assert_int_equal(m.address_error_code, 440);
    assert_true(m.has_icmp && m.icmp_type == 3 && m.icmp_code == 4 && m.icmp_data == 1);
    assert_true(addr_eq(&m.alternate_server, &alternate));
    assert_true(bytes_eq_str(m.alternate_domain, "a"));
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
    struct packet p = message("7ff00000 80ff0000 c0570004 00000000 7ff10001 00000000");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
