#include "turn/issued.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static unsigned n_left_over(const struct issued *i)
{
    struct bytes name;
    size_t pos = 0;
    unsigned n = 0;

    while (issued_next_left_over(i, &pos, &name))
        n++;
    return n;
}

static void test_left_over(void **state)
{
    struct issued *i;
    struct bytes name;
    size_t pos = 0;

    (void) state;
    assert_int_equal(issued_new(10, &i), 0);
    issued_begin(i);
    assert_int_equal(issued_put(i, bytes_str("9:a")), 0);
    assert_int_equal(issued_put(i, bytes_str("9:b")), 0);
    assert_int_equal(issued_put(i, bytes_str("9:c")), 0);
    assert_int_equal(issued_put(i, bytes_str("")), 0);
    issued_del(i, bytes_str("9:c"));
    issued_del(i, bytes_str(""));
    issued_del(i, bytes_str("9:unknown"));
    assert_int_equal(n_left_over(i), 0);

    issued_begin(i);
    assert_int_equal(n_left_over(i), 2);
    assert_int_equal(issued_put(i, bytes_str("9:b")), 0);
    assert_int_equal(issued_put(i, bytes_str("9:d")), 0);
    assert_true(issued_next_left_over(i, &pos, &name));
    assert_true(bytes_eq_str(name, "9:a"));
    issued_del(i, name); /* while they are visited */
    assert_false(issued_next_left_over(i, &pos, &name));
    assert_int_equal(n_left_over(i), 0);
    assert_null(issued_free(i));
    assert_null(issued_free(NULL));
}

static void test_maximum(void **state)
{
    struct issued *i;
    char name[16];

    (void) state;
    assert_int_equal(issued_new(3, &i), 0);
    for (unsigned n = 0; n < 3; n++) {
        snprintf(name, sizeof(name), "9:%u", n);
        assert_int_equal(issued_put(i, bytes_str(name)), 0);
    }
    assert_int_equal(issued_put(i, bytes_str("9:more")), -ENOSPC);
    assert_int_equal(issued_put(i, bytes_str("9:1")), 0);
    issued_free(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_left_over),
                                       cmocka_unit_test(test_maximum)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
