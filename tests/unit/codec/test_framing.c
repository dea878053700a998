#include "codec/framing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void one_after_the_other(void **state)
{
    static const uint8_t stream[] = {0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'd'};
    struct bytes rest = bytes_of(stream, sizeof(stream)), d;
    size_t taken;

    (void) state;
    assert_int_equal(framing_next(rest, 100, &d, &taken), 0);
    assert_true(bytes_eq_str(d, "abc"));
    assert_int_equal(taken, 5);
    rest = bytes_of(rest.p + taken, rest.len - taken);
    assert_int_equal(framing_next(rest, 100, &d, &taken), 0);
    assert_int_equal(d.len, 0);
    assert_int_equal(taken, 2);
    rest = bytes_of(rest.p + taken, rest.len - taken);
    assert_int_equal(framing_next(rest, 100, &d, &taken), 0);
    assert_true(bytes_eq_str(d, "d"));
    rest = bytes_of(rest.p + taken, rest.len - taken);
    assert_int_equal(framing_next(rest, 100, &d, &taken), -EAGAIN);
}

static void what_is_not_whole_waits(void **state)
{
    static const uint8_t stream[] = {0, 3, 'a', 'b', 'c'};
    struct bytes d = bytes_of(NULL, 0);
    size_t taken = 77;

    (void) state;
    for (size_t len = 0; len < sizeof(stream); len++)
        assert_int_equal(framing_next(bytes_of(stream, len), 3, &d, &taken), -EAGAIN);
    assert_null(d.p);
    assert_int_equal(taken, 77);
}

/* Known before the bytes are there. */
static void what_is_too_long(void **state)
{
    static const uint8_t stream[] = {0x08, 0x01};
    struct bytes d;
    size_t taken;

    (void) state;
    assert_int_equal(framing_next(bytes_of(stream, 2), 2048, &d, &taken), -EMSGSIZE);
    assert_int_equal(framing_next(bytes_of(stream, 2), 2049, &d, &taken), -EAGAIN);
}

static void there_and_back(void **state)
{
    static uint8_t stream[FRAMING_HEADER_SIZE + UINT16_MAX];
    static const size_t lens[] = {0, 1, 255, 256, 1500, UINT16_MAX};
    struct bytes d;
    size_t taken;

    (void) state;
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        framing_header(lens[i], stream);
        assert_int_equal(
            framing_next(bytes_of(stream, sizeof(stream)), UINT16_MAX, &d, &taken), 0);
        assert_int_equal(d.len, lens[i]);
        assert_int_equal(taken, FRAMING_HEADER_SIZE + lens[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(what_is_not_whole_waits),
        cmocka_unit_test(what_is_too_long),
        cmocka_unit_test(there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
