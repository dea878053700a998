/* What RFC 8489 and RFC 8656 added to STUN: SHA-256, hidden user names, algorithms to choose from,
 * errors of one address family, ICMP. */
#include "stun_kit.h"

#include "base/crypto.h"

static struct stun sample(struct packet *p)
{
    struct stun m;

    *p = from_hex(request_b_1);
    assert_int_equal(decode(p, &m), 0);
    return m;
}

static void matrix_key(uint8_t ret[static 32])
{
    assert_int_equal(stun_long_term_key_sha256(bytes_str(MATRIX_USER), bytes_str(MATRIX_REALM),
                                               bytes_str(MATRIX_PASSWORD), ret),
                     0);
}

static void test_sample(void **state)
{
    uint8_t key[32], md5_key[16], hash[STUN_USERHASH_SIZE];
    struct packet p;
    struct stun m = sample(&p);

    (void) state;
    assert_null(m.username.p);
    assert_null(m.integrity.p);
    assert_int_equal(m.n_unknown, 0);
    assert_int_equal(stun_userhash(bytes_str(MATRIX_USER), m.realm, hash), 0);
    assert_true(bytes_eq(m.userhash, bytes_of(hash, sizeof(hash))));
    assert_true(bytes_eq_str(m.nonce, "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"));
    assert_true(bytes_eq(m.password_algorithm, bytes_of("\0\2\0\0", 4)));
    matrix_key(key);
    assert_true(stun_integrity_sha256_ok(&m, bytes_of(key, sizeof(key))));
    assert_false(stun_integrity_ok(&m, bytes_of(key, sizeof(key))));
    assert_int_equal(stun_long_term_key(bytes_str(MATRIX_USER), bytes_str(MATRIX_REALM),
                                        bytes_str(MATRIX_PASSWORD), md5_key),
                     0);
    assert_false(stun_integrity_sha256_ok(&m, bytes_of(md5_key, sizeof(md5_key))));
}

/* The encoder gives the sample byte for byte. */
static void test_encode_sample(void **state)
{
    struct packet p;
    struct stun m = sample(&p);
    uint8_t key[32], buf[256];
    struct wr w = wr_init(buf, sizeof(buf));
    size_t len;

    (void) state;
    matrix_key(key);
    stun_begin(&w, STUN_REQUEST, STUN_BINDING, m.tid);
    stun_put_bytes(&w, STUN_ATTR_USERHASH, m.userhash);
    stun_put_bytes(&w, STUN_ATTR_NONCE, m.nonce);
    stun_put_bytes(&w, STUN_ATTR_REALM, m.realm);
    stun_put_bytes(&w, STUN_ATTR_PASSWORD_ALGORITHM, bytes_of(STUN_ALGORITHM_SHA256, 4));
    stun_put_integrity_sha256(&w, bytes_of(key, sizeof(key)), SHA256_SIZE);
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(len, p.len);
    assert_memory_equal(buf, p.bytes, len);
}

/* Each flipped bit of what the hash covers, or of the hash, is seen. */
static void test_flipped_bits(void **state)
{
    struct packet p;
    uint8_t key[32];
    struct stun m = sample(&p);

    (void) state;
    matrix_key(key);
    for (size_t i = 0; i < p.len; i++) {
        p.bytes[i] ^= 0x01;
        if (decode(&p, &m) == 0)
            assert_false(stun_integrity_sha256_ok(&m, bytes_of(key, sizeof(key))));
        p.bytes[i] ^= 0x01;
    }
}

/* RFC 8489 section 14.6: 16 to 32 bytes, in steps of four; the length is part of what is hashed. */
static void test_truncated_hash(void **state)
{
    uint8_t buf[128];
    struct stun m;
    size_t len;

    (void) state;
    for (size_t size = 0; size <= 40; size++) {
        struct wr w = wr_init(buf, sizeof(buf));
        bool may = size >= 16 && size <= 32 && size % 4 == 0;

        stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
        stun_put_integrity_sha256(&w, bytes_str("key"), size);
        stun_put_fingerprint(&w);
        assert_int_equal(stun_finish(&w, &len), may ? 0 : -ENOSPC);
        if (!may)
            continue;
        assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
        assert_int_equal(m.integrity_sha256.len, size);
        assert_true(stun_integrity_sha256_ok(&m, bytes_str("key")));
        assert_false(stun_integrity_sha256_ok(&m, bytes_str("kez")));
        assert_true(m.fingerprint_ok);
    }
    /* A hash of 32 bytes of which somebody left 16. */
    struct wr w = wr_init(buf, sizeof(buf));

    stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
    stun_put_integrity_sha256(&w, bytes_str("key"), 32);
    assert_int_equal(stun_finish(&w, &len), 0);
    buf[3] = 20;
    buf[STUN_HEADER_SIZE + 3] = 16;
    assert_int_equal(stun_decode(bytes_of(buf, STUN_HEADER_SIZE + 20), &m), 0);
    assert_false(stun_integrity_sha256_ok(&m, bytes_str("key")));
}

/* Both, in the RFC's order: the second covers the first. */
static void test_both_integrities(void **state)
{
    uint8_t buf[128];
    struct wr w = wr_init(buf, sizeof(buf));
    struct stun m;
    size_t len;

    (void) state;
    stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str("a"));
    stun_put_integrity(&w, bytes_str("one"));
    stun_put_integrity_sha256(&w, bytes_str("two"), SHA256_SIZE);
    stun_put_fingerprint(&w);
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
    assert_true(stun_integrity_ok(&m, bytes_str("one")));
    assert_true(stun_integrity_sha256_ok(&m, bytes_str("two")));
    assert_true(m.fingerprint_ok);
    buf[STUN_HEADER_SIZE + 8 + 4] ^= 1; /* in the first hash */
    assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
    assert_false(stun_integrity_ok(&m, bytes_str("one")));
    assert_false(stun_integrity_sha256_ok(&m, bytes_str("two")));
}

/* RFC 8489 section 9.2.2 gives the MD5 of its example; SHA-256 of the same text. */
static void test_long_term_keys(void **state)
{
    struct packet want = from_hex("8493fbc5 3ba582fb 4c044c45 6bdc40eb");
    struct bytes text = bytes_str("user:realm:pass");
    uint8_t key[32], want256[32];

    (void) state;
    assert_int_equal(
        stun_long_term_key(bytes_str("user"), bytes_str("realm"), bytes_str("pass"), key), 0);
    assert_memory_equal(key, want.bytes, 16);
    assert_int_equal(
        stun_long_term_key_sha256(bytes_str("user"), bytes_str("realm"), bytes_str("pass"), key),
        0);
    assert_int_equal(sha256(&text, 1, want256), 0);
    assert_memory_equal(key, want256, sizeof(key));
}

static void test_algorithms(void **state)
{
    struct packet p = message("80020008 00020000 00010000");
    struct stun m;

    (void) state;
    assert_int_equal(decode(&p, &m), 0);
    assert_true(
        bytes_eq(m.password_algorithms, bytes_of(STUN_ALGORITHM_SHA256 STUN_ALGORITHM_MD5, 8)));
    assert_null(m.password_algorithm.p);

    /* Parameters, with padding between the algorithms and behind the last. */
    p = message("8002000e 00030003 616263ff 00020002 6162ffff 001d0007 00030003 61626300");
    assert_int_equal(decode(&p, &m), 0);
    assert_int_equal(m.password_algorithms.len, 14);
    assert_int_equal(m.password_algorithm.len, 7);
}

static void test_round_trip(void **state)
{
    struct addr v4 = ip("192.0.2.7", 3478), v6 = ip("2001:db8::7", 3479);
    uint8_t buf[512];
    struct stun m;
    size_t len;

    (void) state;
    for (unsigned i = 0; i < 2; i++) {
        const struct addr *a = i ? &v6 : &v4;
        struct wr w = wr_init(buf, sizeof(buf));

        stun_begin(&w, STUN_ERROR, STUN_ALLOCATE, tid);
        stun_put_error(&w, 300, "");
        stun_put_addr(&w, STUN_ATTR_ALTERNATE_SERVER, a);
        stun_put_addr(&w, STUN_ATTR_MAPPED_ADDRESS, a);
        stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, a);
        stun_put_bytes(&w, STUN_ATTR_ALTERNATE_DOMAIN, bytes_str("turn.example.org"));
        stun_put_family(&w, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_FAMILY_IPV6);
        stun_put_family(&w, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, STUN_FAMILY_IPV4);
        stun_put_address_error(&w, STUN_FAMILY_IPV6, 440, "Address Family not Supported");
        stun_put_icmp(&w, 127, 511, 0xfffffffe);
        assert_int_equal(stun_finish(&w, &len), 0);
        assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
        assert_int_equal(m.error_code, 300);
        assert_true(addr_eq(&m.alternate_server, a));
        assert_true(addr_eq(&m.mapped, a));
        assert_true(addr_eq(&m.xor_peer, a));
        assert_true(bytes_eq_str(m.alternate_domain, "turn.example.org"));
        assert_int_equal(m.additional_family, STUN_FAMILY_IPV6);
        assert_int_equal(m.requested_family, STUN_FAMILY_IPV4);
        assert_int_equal(m.address_error_family, STUN_FAMILY_IPV6);
        assert_int_equal(m.address_error_code, 440);
        assert_int_equal(m.icmp_type, 127);
        assert_int_equal(m.icmp_code, 511);
        assert_true(m.icmp_data == 0xfffffffe);
        assert_int_equal(m.n_unknown, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),           cmocka_unit_test(test_encode_sample),
        cmocka_unit_test(test_flipped_bits),     cmocka_unit_test(test_truncated_hash),
        cmocka_unit_test(test_both_integrities), cmocka_unit_test(test_long_term_keys),
        cmocka_unit_test(test_algorithms),       cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
