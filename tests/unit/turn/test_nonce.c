#include "turn/nonce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t key[NONCE_KEY_SIZE] = {1, 2, 3};

static struct addr client(uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip("192.0.2.1", port, &a), 0);
    return a;
}

static void test_valid_for_its_client_and_time(void **state)
{
    struct addr a = client(1), b = client(2);
    char nonce[NONCE_SIZE + 1];

    (void) state;
    nonce_make(key, &a, 5000, nonce);
    assert_int_equal(strlen(nonce), NONCE_SIZE);
    assert_true(nonce_is_valid(key, &a, 5000, bytes_str(nonce)));
    assert_true(nonce_is_valid(key, &a, 5000 + NONCE_LIFETIME_MS, bytes_str(nonce)));
    assert_false(nonce_is_valid(key, &a, 5001 + NONCE_LIFETIME_MS, bytes_str(nonce)));
    assert_false(nonce_is_valid(key, &a, 4999, bytes_str(nonce))); /* from the future */
    assert_false(nonce_is_valid(key, &b, 5000, bytes_str(nonce)));
}

static void test_another_process(void **state)
{
    static const uint8_t other[NONCE_KEY_SIZE] = {1, 2, 4};
    struct addr a = client(1);
    char nonce[NONCE_SIZE + 1];

    (void) state;
    nonce_make(key, &a, 5000, nonce);
    assert_false(nonce_is_valid(other, &a, 5000, bytes_str(nonce)));
}

static void test_every_character_counts(void **state)
{
    struct addr a = client(1);
    char nonce[NONCE_SIZE + 1];

    (void) state;
    nonce_make(key, &a, 5000, nonce);
    for (size_t i = 0; i < NONCE_SIZE; i++) {
        char c = nonce[i];

        assert_false(nonce_is_valid(key, &a, 5000, bytes_of(nonce, i)));
        nonce[i] = c == 'A' ? 'B' : 'A';
        assert_false(nonce_is_valid(key, &a, 5000, bytes_str(nonce)));
        nonce[i] = c;
    }
    assert_false(nonce_is_valid(key, &a, 5000, bytes_str("")));
    assert_false(nonce_is_valid(key, &a, 5000, bytes_str("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_for_its_client_and_time),
        cmocka_unit_test(test_another_process),
        cmocka_unit_test(test_every_character_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
