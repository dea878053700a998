#include "acme/nonces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void the_newest_first(void **state)
{
    struct nonces p = {.n = 0};
    char nonce[NONCE_SIZE];

    (void) state;
    assert_false(nonces_take(&p, nonce));
    nonces_put(&p, "a");
    nonces_put(&p, "b-_9");
    assert_true(nonces_take(&p, nonce));
    assert_string_equal(nonce, "b-_9");
    nonces_put(&p, "c");
    assert_true(nonces_take(&p, nonce));
    assert_string_equal(nonce, "c");
    assert_true(nonces_take(&p, nonce));
    assert_string_equal(nonce, "a");
    assert_false(nonces_take(&p, nonce));
}

static void the_oldest_is_forgotten(void **state)
{
    struct nonces p = {.n = 0};
    char nonce[NONCE_SIZE];

    (void) state;
    for (int i = 0; i <= NONCES_MAX; i++) {
        snprintf(nonce, sizeof(nonce), "n%d", i);
        nonces_put(&p, nonce);
    }
    for (int i = NONCES_MAX; i > 0; i--) {
        char wanted[16];

        snprintf(wanted, sizeof(wanted), "n%d", i);
        assert_true(nonces_take(&p, nonce));
        assert_string_equal(nonce, wanted);
    }
    assert_false(nonces_take(&p, nonce));
}

static void what_is_none(void **state)
{
    char longest[NONCE_SIZE + 1], nonce[NONCE_SIZE];
    struct nonces p = {.n = 0};

    (void) state;
    memset(longest, 'x', NONCE_SIZE);
    longest[NONCE_SIZE] = '\0';
    nonces_put(&p, "");
    nonces_put(&p, "a b");
    nonces_put(&p, "a\"");
    nonces_put(&p, longest);
    assert_false(nonces_take(&p, nonce));
    longest[NONCE_SIZE - 1] = '\0';
    nonces_put(&p, longest);
    assert_true(nonces_take(&p, nonce));
    assert_string_equal(nonce, longest);
}

static void cleared(void **state)
{
    struct nonces p = {.n = 0};
    char nonce[NONCE_SIZE];

    (void) state;
    nonces_put(&p, "a");
    nonces_clear(&p);
    assert_false(nonces_take(&p, nonce));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_first),
        cmocka_unit_test(the_oldest_is_forgotten),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(cleared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
