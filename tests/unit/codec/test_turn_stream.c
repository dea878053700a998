#include "codec/turn_stream.h"

#include <errno.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *) (text), sizeof(text) - 1                                                 \
    }
#define BINDING                                                                                    \
    "\x00\x01\x00\x00\x21\x12\xa4\x42"                                                             \
    "tttttttttttt"
#define WITH_4                                                                                     \
    "\x00\x01\x00\x04\x21\x12\xa4\x42"                                                             \
    "tttttttttttt"                                                                                 \
    "4444"

/* In memory of its own, so that reading behind it is found. */
static int next(struct bytes in, size_t max, size_t *ret_message, size_t *ret_taken)
{
    uint8_t *copy = malloc(in.len + !in.len);
    struct bytes message;
    int r;

    assert_non_null(copy);
    memcpy(copy, in.p, in.len);
    r = turn_stream_next(bytes_of(copy, in.len), max, &message, ret_taken);
    if (r == 0) {
        assert_ptr_equal(message.p, copy);
        *ret_message = message.len;
    }
    free(copy);
    return r;
}

static void test_messages(void **state)
{
    static const struct {
        struct bytes in;
        size_t message, taken;
    } rows[] = {
        {BYTES(BINDING), 20, 20},
        {BYTES(WITH_4), 24, 24},
        {BYTES("\x40\x00\x00\x00"), 4, 4},
        {BYTES("\x40\x00\x00\x01"
               "a\0\0\0"),
         5, 8},
        {BYTES("\x4f\xff\x00\x03"
               "abc\0"),
         7, 8},
        {BYTES("\x4f\xff\x00\x04"
               "abcd"),
         8, 8},
        {BYTES("\x4f\xff\x00\x05"
               "abcdexyz"),
         9, 12}, /* padding is any bytes */
    };
    size_t message, taken;

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t more[64];

        assert_int_equal(next(rows[i].in, 64, &message, &taken), 0);
        assert_int_equal(message, rows[i].message);
        assert_int_equal(taken, rows[i].taken);
        for (size_t n = 0; n < rows[i].taken; n++)
            assert_int_equal(next(bytes_of(rows[i].in.p, n), 64, &message, &taken), -EAGAIN);
        memcpy(more, rows[i].in.p, rows[i].in.len);
        memset(more + rows[i].in.len, 0xff, 8);
        assert_int_equal(next(bytes_of(more, rows[i].in.len + 8), 64, &message, &taken), 0);
        assert_int_equal(taken, rows[i].taken);
    }
}

static void test_malformed(void **state)
{
    static const struct bytes rows[] = {
        BYTES("\x50"),
        BYTES("\x80\0\0\0"),
        BYTES("\xff"),

        BYTES("\x16\x03\x01\x02"),
        BYTES("\x00\x01\x00\x01"),     /* STUN's length is a multiple of four */
        BYTES("\x00\x01\x00\x00\x20"), /* no cookie, as far as it has come */
        BYTES("\x00\x01\x00\x00\x21\x12\xa4\x43"),
    };
    size_t message, taken;

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(next(rows[i], 65556, &message, &taken), -EBADMSG);
    }
}

static void test_too_large(void **state)
{
    size_t message, taken;

    (void) state;
    /* What begins like channel data and is none. */
    assert_int_equal(next((struct bytes) BYTES("HTTP"), 2048, &message, &taken), -EMSGSIZE);
    assert_int_equal(next((struct bytes) BYTES(WITH_4), 24, &message, &taken), 0);
    assert_int_equal(next((struct bytes) BYTES(WITH_4), 23, &message, &taken), -EMSGSIZE);
    assert_int_equal(next(bytes_of(WITH_4, 4), 23, &message, &taken), -EMSGSIZE);
    assert_int_equal(next((struct bytes) BYTES("\x40\x00\x00\x01"), 7, &message, &taken),
                     -EMSGSIZE);
    assert_int_equal(
        next((struct bytes) BYTES("\x40\x00\xff\xff"), TURN_STREAM_MESSAGE_MAX, &message, &taken),
        -EAGAIN);
    assert_int_equal(
        next((struct bytes) BYTES("\x00\x01\xff\xfc"), TURN_STREAM_MESSAGE_MAX, &message, &taken),
        -EAGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
