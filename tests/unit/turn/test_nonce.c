#include "turn/nonce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct nonces nonces, with_cookie;

static int setup(void **state)
{
    static const uint8_t key[NONCE_KEY_SIZE] = {1, 2, 3};

    (void) state;
    assert_int_equal(nonces_init(&nonces, key, 0), 0);
    assert_int_equal(nonces_init(&with_cookie, key, NONCE_PASSWORD_ALGORITHMS), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    nonces_done(&nonces);
    nonces_done(&with_cookie);
    return 0;
}

static struct addr client(uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip("192.0.2.1", port, &a), 0);
    return a;
}

static void test_valid_for_its_client_and_time(void **state)
{
    struct addr a = client(1), b = client(2);
    char nonce[NONCE_MAX + 1];

    (void) state;
    nonce_make(&nonces, &a, 5000, nonce);
    assert_int_equal(strlen(nonce), NONCE_SIZE);
    assert_true(nonce_is_valid(&nonces, &a, 5000, bytes_str(nonce)));
    assert_true(nonce_is_valid(&nonces, &a, 5000 + NONCE_LIFETIME_MS, bytes_str(nonce)));
    assert_false(nonce_is_valid(&nonces, &a, 5001 + NONCE_LIFETIME_MS, bytes_str(nonce)));
    assert_false(nonce_is_valid(&nonces, &a, 4999, bytes_str(nonce))); /* from the future */
    assert_false(nonce_is_valid(&nonces, &b, 5000, bytes_str(nonce)));
}

static void test_another_process(void **state)
{
    static const uint8_t key[NONCE_KEY_SIZE] = {1, 2, 4};
    struct addr a = client(1);
    char nonce[NONCE_MAX + 1];
    struct nonces other;

    (void) state;
    assert_int_equal(nonces_init(&other, key, 0), 0);
    nonce_make(&nonces, &a, 5000, nonce);
    assert_false(nonce_is_valid(&other, &a, 5000, bytes_str(nonce)));
    nonces_done(&other);
}

static void test_every_character_counts(void **state)
{
    struct addr a = client(1);
    char nonce[NONCE_MAX + 1];

    (void) state;
    nonce_make(&nonces, &a, 5000, nonce);
    for (size_t i = 0; i < NONCE_SIZE; i++) {
        char c = nonce[i];

        assert_false(nonce_is_valid(&nonces, &a, 5000, bytes_of(nonce, i)));
        nonce[i] = c == 'A' ? 'B' : 'A';
        assert_false(nonce_is_valid(&nonces, &a, 5000, bytes_str(nonce)));
        nonce[i] = c;
    }
    assert_false(nonce_is_valid(&nonces, &a, 5000, bytes_str("")));
    assert_false(nonce_is_valid(&nonces, &a, 5000, bytes_str("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
}

/* RFC 8489 sections 9.2 and 18.1: bit 0 is the first of 24. */
static void test_cookie(void **state)
{
    static const struct {
        const char *nonce;
        unsigned features;
    } cases[] = {
        {"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA", 2}, /* of appendix B.1 */
        {"obMatJos2gAAA", NONCE_PASSWORD_ALGORITHMS},
        {"obMatJos2QAAA", NONCE_USERNAME_ANONYMITY},
        {"obMatJos2wAAAx", NONCE_PASSWORD_ALGORITHMS | NONCE_USERNAME_ANONYMITY},
        {"obMatJos2gAA", 0},
        {"obMatJos2gA==", 0},
        {"obMatJos2****", 0},
        {"obMatJos1gAAA", 0},
        {"", 0},
    };
    struct addr a = client(1);
    char nonce[NONCE_MAX + 1];

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(nonce_features(bytes_str(cases[i].nonce)), cases[i].features);
    nonce_make(&with_cookie, &a, 5000, nonce);
    assert_int_equal(strlen(nonce), NONCE_MAX);
    assert_int_equal(nonce_features(bytes_str(nonce)), NONCE_PASSWORD_ALGORITHMS);
    assert_true(nonce_is_valid(&with_cookie, &a, 5000, bytes_str(nonce)));
    assert_false(nonce_is_valid(&nonces, &a, 5000, bytes_str(nonce)));

    /* Without its cookie, as somebody on the way would like it. */
    assert_false(nonce_is_valid(&nonces, &a, 5000, bytes_str(nonce + NONCE_COOKIE_SIZE)));
    assert_false(nonce_is_valid(&with_cookie, &a, 5000, bytes_str(nonce + NONCE_COOKIE_SIZE)));
    for (size_t i = 0; i < NONCE_MAX; i++) {
        nonce[i] ^= 1;
        assert_false(nonce_is_valid(&with_cookie, &a, 5000, bytes_str(nonce)));
        nonce[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_for_its_client_and_time),
        cmocka_unit_test(test_another_process),
        cmocka_unit_test(test_every_character_counts),
        cmocka_unit_test(test_cookie),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
