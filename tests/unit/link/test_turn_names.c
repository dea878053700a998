#include "link/turn_names.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int put(struct turn_names *t, const char *name, uint64_t now_s)
{
    return turn_names_put(t, bytes_str(name), now_s);
}

static bool has(const struct turn_names *t, const char *name)
{
    return turn_names_has(t, bytes_str(name));
}

static void test_expiry(void **state)
{
    static const char *const wrong[] = {"", ":", "a:5", "5a:x", "-5:x", " 5", "999999999999:x"};
    uint64_t s;

    (void) state;
    assert_int_equal(turn_name_expiry(bytes_str("1700000000:abc"), &s), 0);
    assert_int_equal(s, 1700000000);
    assert_int_equal(turn_name_expiry(bytes_str("5:a:b"), &s), 0);
    assert_int_equal(s, 5);
    assert_int_equal(turn_name_expiry(bytes_str("7"), &s), 0);
    assert_int_equal(s, 7);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(turn_name_expiry(bytes_str(wrong[i]), &s), -EBADMSG);
    assert_int_equal(turn_name_expiry(bytes_of(NULL, 0), &s), -EBADMSG);
}

static void test_join(void **state)
{
    static const char *const none[] = {
        "", "5", "5:", "5:a b", "5:a\nb", "5:\xc3\xa9", "5:123456789012345678901234567890123"};
    char join[TURN_JOIN_SIZE];

    (void) state;
    turn_name_join(bytes_str("1700000000:Ab12Cd34"), join);
    assert_string_equal(join, "Ab12Cd34");
    turn_name_join(bytes_str("5:12345678901234567890123456789012"), join);
    assert_string_equal(join, "12345678901234567890123456789012");
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        turn_name_join(bytes_str(none[i]), join);
        assert_string_equal(join, "");
    }
}

static void test_until_their_time(void **state)
{
    char name[TURN_NAME_MAX + 2];
    struct turn_names *t;

    (void) state;
    assert_int_equal(turn_names_new(10, &t), 0);
    assert_int_equal(put(t, "100:a", 50), 0);
    assert_int_equal(put(t, "100:a", 50), 0);
    assert_int_equal(put(t, "100:b", 99), 0);
    assert_int_equal(put(t, "100:c", 100), -ETIME);
    assert_int_equal(put(t, "x:c", 0), -EBADMSG);
    assert_int_equal(put(t, "200:a", 50), 0);
    assert_int_equal(turn_names_count(t), 3);
    assert_true(has(t, "100:a") && has(t, "100:b") && has(t, "200:a"));
    assert_false(has(t, "100:c"));
    turn_names_expire(t, 99);
    assert_int_equal(turn_names_count(t), 3);
    turn_names_expire(t, 100);
    assert_int_equal(turn_names_count(t), 1);
    assert_true(has(t, "200:a"));

    memset(name, 'x', sizeof(name));
    memcpy(name, "900:", 4);
    assert_int_equal(turn_names_put(t, bytes_of(name, TURN_NAME_MAX), 0), 0);
    assert_int_equal(turn_names_put(t, bytes_of(name, TURN_NAME_MAX + 1), 0), -EBADMSG);
    assert_null(turn_names_free(t));
    assert_null(turn_names_free(NULL));
}

/* The one that expires first goes; those that are over do not count. */
static void test_full(void **state)
{
    struct turn_names *t;

    (void) state;
    assert_int_equal(turn_names_new(3, &t), 0);
    assert_int_equal(put(t, "300:a", 1), 0);
    assert_int_equal(put(t, "100:b", 1), 0);
    assert_int_equal(put(t, "200:c", 1), 0);
    assert_int_equal(put(t, "250:d", 1), 1);
    assert_false(has(t, "100:b"));
    assert_int_equal(put(t, "400:e", 200), 0);
    assert_int_equal(turn_names_count(t), 3);
    assert_true(has(t, "300:a") && has(t, "250:d") && has(t, "400:e"));
    turn_names_free(t);
}

/* Against a plain array, in any order. */
static void test_many(void **state)
{
    enum { N = 2000 };
    static uint64_t expiry[N]; /* 0: not there */
    struct turn_names *t;
    struct bytes name;
    unsigned seed = 1;
    size_t n = 0, pos = 0, seen = 0;
    char text[32];

    (void) state;
    assert_int_equal(turn_names_new(N, &t), 0);
    for (unsigned i = 0; i < N; i++) {
        unsigned which = (seed = seed * 1103515245 + 12345) / 65536 % N;
        uint64_t s = 1000 + which * 7919u % 1000;

        snprintf(text, sizeof(text), "%u:%u", (unsigned) s, which);
        assert_int_equal(turn_names_put(t, bytes_str(text), 0), 0);
        expiry[which] = s;
    }
    for (uint64_t now = 1000; now < 2000; now += 100) {
        turn_names_expire(t, now);
        n = 0;
        for (unsigned i = 0; i < N; i++) {
            snprintf(text, sizeof(text), "%u:%u", (unsigned) expiry[i], i);
            assert_int_equal(has(t, text), expiry[i] > now);
            n += expiry[i] > now;
        }
        assert_int_equal(turn_names_count(t), n);
    }
    n = turn_names_count(t);
    assert_int_not_equal(n, 0);
    while (turn_names_next(t, &pos, &name))
        seen += turn_names_has(t, name);
    assert_int_equal(seen, n);
    turn_names_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_until_their_time),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
