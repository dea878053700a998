#include "codec/stun.h"
#include "turn/userhash.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_S 1000u

static struct userhash_table *table;

static int setup(void **state)
{
    (void) state;
    assert_int_equal(userhash_table_new(3, "visavis", &table), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    table = userhash_table_free(table);
    assert_null(table);
    return 0;
}

static int put(const char *name, uint64_t now_s)
{
    return userhash_put(table, bytes_str(name), now_s);
}

static bool knows(const char *name, const char *realm)
{
    uint8_t hash[STUN_USERHASH_SIZE], got[TURN_NAME_MAX];
    size_t len;

    assert_int_equal(stun_userhash(bytes_str(name), bytes_str(realm), hash), 0);
    if (!userhash_find(table, hash, got, &len))
        return false;
    assert_true(bytes_eq_str(bytes_of(got, len), name));
    return true;
}

static void test_find(void **state)
{
    (void) state;
    assert_false(knows("2000:a", "visavis"));
    assert_int_equal(put("2000:a", NOW_S), 0);
    assert_int_equal(put("2000:a", NOW_S), 0);
    assert_int_equal(put("2000:b", NOW_S), 0);
    assert_int_equal(userhash_count(table), 2);
    assert_true(knows("2000:a", "visavis"));
    assert_true(knows("2000:b", "visavis"));
    assert_false(knows("2000:a", "elsewhere"));
}

static void test_bounded(void **state)
{
    char name[32];

    (void) state;
    for (unsigned i = 0; i < 10; i++) {
        snprintf(name, sizeof(name), "2000:%u", i);
        assert_int_equal(put(name, NOW_S), 0);
    }
    assert_int_equal(userhash_count(table), 3);
    assert_false(knows("2000:6", "visavis"));
    assert_true(knows("2000:7", "visavis"));
    assert_true(knows("2000:9", "visavis"));
}

static void test_expiry(void **state)
{
    (void) state;
    assert_int_equal(put("1000:a", NOW_S), -ETIME);
    assert_int_equal(put("1001:a", NOW_S), 0);
    assert_int_equal(put("1002:b", NOW_S), 0);
    assert_int_equal(put("2000:c", 1002), 0);
    assert_int_equal(userhash_count(table), 1);
    assert_true(knows("2000:c", "visavis"));
}

static void test_not_a_name(void **state)
{
    char longest[TURN_NAME_MAX + 2];

    (void) state;
    assert_int_equal(put("alice", NOW_S), -EBADMSG);
    assert_int_equal(put("", NOW_S), -EBADMSG);
    snprintf(longest, sizeof(longest), "2000:%0*u", TURN_NAME_MAX - 5, 0);
    assert_int_equal(put(longest, NOW_S), 0);
    assert_true(knows(longest, "visavis"));
    strcat(longest, "0");
    assert_int_equal(put(longest, NOW_S), -EBADMSG);
}

#define table_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        table_test(test_find),
        table_test(test_bounded),
        table_test(test_expiry),
        table_test(test_not_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
