#include "base/buf.h"
#include "base/crypto.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_hex(const uint8_t *p, size_t len, const char *hex)
{
    char text[2 * SHA256_SIZE + 1];

    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", p[i]);
    assert_string_equal(text, hex);
}

static void hashes_known_texts(void **state)
{
    const struct bytes abc[] = {bytes_str("a"), bytes_str(""), bytes_of(NULL, 0), bytes_str("bc")};
    uint8_t out[SHA256_SIZE];

    (void) state;
    assert_int_equal(md5(abc, 4, out), 0); /* RFC 1321 A.5 */
    assert_hex(out, MD5_SIZE, "900150983cd24fb0d6963f7d28e17f72");
    assert_int_equal(md5(NULL, 0, out), 0);
    assert_hex(out, MD5_SIZE, "d41d8cd98f00b204e9800998ecf8427e");
    assert_int_equal(sha256(abc, 4, out), 0); /* FIPS 180-2 B.1 */
    assert_hex(out, SHA256_SIZE,
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

struct hmac_case {
    uint8_t key_byte;
    size_t key_len;
    const char *key_text;
    const char *data;
    const char *sha1, *sha256;
};

/* RFC 2202 section 3, RFC 4231 section 4. */
static void hmacs_of_the_rfcs(void **state)
{
    static const struct hmac_case cases[] = {
        {0x0b, 20, NULL, "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {0, 4, "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {0xaa, 131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First", NULL,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {0xaa, 80, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
         "aa4ae5e15272d00e95705637ce8a3b55ed402112", NULL},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct hmac_case *c = &cases[i];
        struct bytes data = bytes_str(c->data);
        struct bytes parts[] = {bytes_of(data.p, 3), bytes_of(data.p + 3, data.len - 3)};
        uint8_t key[131];
        uint8_t out[SHA256_SIZE];

        memset(key, c->key_byte, sizeof(key));
        if (c->key_text)
            memcpy(key, c->key_text, c->key_len);
        if (c->sha1) {
            assert_int_equal(hmac_sha1(bytes_of(key, c->key_len), parts, 2, out), 0);
            assert_hex(out, SHA1_SIZE, c->sha1);
        }
        if (c->sha256) {
            assert_int_equal(hmac_sha256(bytes_of(key, c->key_len), parts, 2, out), 0);
            assert_hex(out, SHA256_SIZE, c->sha256);
        }
    }
}

/* The same key again and again, whatever other keys are used in between. */
static void hmac_with_a_key_kept(void **state)
{
    const struct bytes parts[] = {bytes_str("what do ya "), bytes_str("want for nothing?")};
    struct hmac *h1, *h256, *empty;
    uint8_t out[SHA256_SIZE], want[SHA1_SIZE];

    (void) state;
    assert_int_equal(hmac_new(HMAC_SHA1, bytes_str("Jefe"), &h1), 0);
    assert_int_equal(hmac_new(HMAC_SHA256, bytes_str("Jefe"), &h256), 0);
    assert_int_equal(hmac_new(HMAC_SHA1, bytes_of(NULL, 0), &empty), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(hmac_sum(h1, parts, 2, out), 0);
        assert_hex(out, SHA1_SIZE, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_int_equal(hmac_sum(h256, parts, 2, out), 0);
        assert_hex(out, SHA256_SIZE,
                   "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_int_equal(hmac_sha1(bytes_str("another"), parts, 2, out), 0);
        assert_int_equal(hmac_sha1(bytes_of(NULL, 0), parts, 2, want), 0);
        assert_int_equal(hmac_sum(empty, parts, 2, out), 0);
        assert_memory_equal(out, want, SHA1_SIZE);
    }
    assert_null(hmac_free(h1));
    assert_null(hmac_free(h256));
    assert_null(hmac_free(empty));
    assert_null(hmac_free(NULL));
}

static void *hash_elsewhere(void *arg)
{
    struct bytes part = bytes_str("abc");

    return md5(&part, 1, arg) == 0 && hmac_sha1(part, &part, 1, (uint8_t *) arg + MD5_SIZE) == 0
               ? arg
               : NULL;
}

/* Each thread has contexts of its own, which end with it. */
static void hashes_on_other_threads(void **state)
{
    uint8_t out[4][MD5_SIZE + SHA1_SIZE], here[MD5_SIZE + SHA1_SIZE];
    pthread_t threads[4];
    void *done;

    (void) state;
    assert_non_null(hash_elsewhere(here));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_elsewhere, out[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_ptr_equal(done, out[i]);
        assert_memory_equal(out[i], here, sizeof(here));
    }
}

/* An empty key must not mean "the key before". */
static void hmac_takes_an_empty_key(void **state)
{
    struct bytes data = bytes_str("x");
    uint8_t out[SHA1_SIZE];

    (void) state;
    assert_int_equal(hmac_sha1(bytes_str("secret"), &data, 1, out), 0);
    assert_int_equal(hmac_sha1(bytes_of(NULL, 0), NULL, 0, out), 0);
    assert_hex(out, SHA1_SIZE, "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

static void secrets_compare(void **state)
{
    char secret[] = "secret";

    (void) state;
    assert_true(secret_eq(bytes_str("abc"), bytes_str("abc")));
    assert_false(secret_eq(bytes_str("abc"), bytes_str("abd")));
    assert_false(secret_eq(bytes_str("abc"), bytes_str("abcd")));
    assert_true(secret_eq(bytes_of(NULL, 0), bytes_str("")));
    secret_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
}

/* RFC 4648 section 10. */
static void base64_of_the_rfc(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        struct bytes plain = bytes_str(pairs[i][0]);
        char text[BASE64_SIZE(6)];
        uint8_t back[6];
        size_t len = 99;

        assert_int_equal(base64_encode(plain, text, BASE64_SIZE(plain.len)), 0);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(base64_encode(plain, text, BASE64_SIZE(plain.len) - 1), -ENOSPC);
        assert_int_equal(base64_decode(bytes_str(pairs[i][1]), back, plain.len, &len), 0);
        assert_true(bytes_eq(bytes_of(back, len), plain));
        if (plain.len > 0)
            assert_int_equal(base64_decode(bytes_str(pairs[i][1]), back, plain.len - 1, &len),
                             -ENOSPC);
    }
}

static void base64_refuses_other_forms(void **state)
{
    static const char *const bad[] = {"Z",    "Zg",   "Zg=",        "Zh==",     "Zm9=",
                                      "=Zg=", "====", "A===",       "Zg==Zg==", "Zm9v\n",
                                      "Z-_v", "Zm 9", "Zm9vYmF\xff"};
    uint8_t out[16];
    size_t len = 99;

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(base64_decode(bytes_str(bad[i]), out, sizeof(out), &len), -EBADMSG);
    assert_int_equal(len, 99);
}

static void base64_round_trips_all_bytes(void **state)
{
    uint8_t all[256];
    uint8_t back[256];
    char text[BASE64_SIZE(256)];
    size_t len = 0;

    (void) state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t) i;
    assert_int_equal(base64_encode(bytes_of(all, 256), text, sizeof(text)), 0);
    assert_int_equal(base64_decode(bytes_str(text), back, sizeof(back), &len), 0);
    assert_int_equal(len, 256);
    assert_memory_equal(all, back, 256);
}

/* PBKDF2-HMAC-SHA256 as in RFC 7914 section 11, the first half of each. */
static void stretching_matches_the_rfc(void **state)
{
    static const uint8_t one[SHA256_SIZE] = {0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f,
                                             0xec, 0x16, 0x91, 0xc2, 0x25, 0x44, 0xb6, 0x05,
                                             0xf9, 0x41, 0x85, 0x21, 0x6d, 0xde, 0x04, 0x65,
                                             0xe6, 0x8b, 0x9d, 0x57, 0xc2, 0x0d, 0xac, 0xbc};
    static const uint8_t many[SHA256_SIZE] = {0x4d, 0xdc, 0xd8, 0xf6, 0x0b, 0x98, 0xbe, 0x21,
                                              0x83, 0x0c, 0xee, 0x5e, 0xf2, 0x27, 0x01, 0xf9,
                                              0x64, 0x1a, 0x44, 0x18, 0xd0, 0x4c, 0x04, 0x14,
                                              0xae, 0xff, 0x08, 0x87, 0x6b, 0x34, 0xab, 0x56};
    uint8_t key[SHA256_SIZE];

    (void) state;
    assert_int_equal(secret_stretch(bytes_str("passwd"), bytes_str("salt"), 1, key), 0);
    assert_memory_equal(key, one, sizeof(key));
    assert_int_equal(secret_stretch(bytes_str("Password"), bytes_str("NaCl"), 80000, key), 0);
    assert_memory_equal(key, many, sizeof(key));
    assert_int_equal(secret_stretch(bytes_str(NULL), bytes_str(""), 1, key), 0);
    assert_int_equal(secret_stretch(bytes_str("x"), bytes_str("x"), 0, key), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_known_texts),
        cmocka_unit_test(hmacs_of_the_rfcs),
        cmocka_unit_test(hmac_with_a_key_kept),
        cmocka_unit_test(hashes_on_other_threads),
        cmocka_unit_test(hmac_takes_an_empty_key),
        cmocka_unit_test(secrets_compare),
        cmocka_unit_test(base64_of_the_rfc),
        cmocka_unit_test(base64_refuses_other_forms),
        cmocka_unit_test(base64_round_trips_all_bytes),
        cmocka_unit_test(stretching_matches_the_rfc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
