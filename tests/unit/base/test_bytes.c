/* The views, and the cursors over them. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void views_compare(void **state)
{
    (void) state;
    assert_true(bytes_eq(bytes_of(NULL, 0), bytes_str("")));
    assert_true(bytes_eq_str(bytes_of("abc", 3), "abc"));
    assert_false(bytes_eq_str(bytes_of("abc", 2), "abc"));
    assert_false(bytes_eq_str(bytes_of("ab\0", 3), "ab"));
    assert_true(bytes_caseeq_str(bytes_str("WebSocket"), "websocket"));
    assert_false(bytes_caseeq_str(bytes_str("WebSocke"), "websocket"));
    assert_true(bytes_caseeq_str(bytes_of(NULL, 0), ""));
    assert_true(bytes_starts_with(bytes_str("abc"), "ab"));
    assert_true(bytes_starts_with(bytes_of(NULL, 0), ""));
    assert_false(bytes_starts_with(bytes_str("a"), "ab"));
    assert_int_equal(bytes_str(NULL).len, 0);
}

static void numbers_have_limits(void **state)
{
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "1a", "0x1", "101", "99999999999999999999999"};
    uint64_t v = 7;

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(bytes_to_u64(bytes_str(bad[i]), 100, &v), -EBADMSG);
    assert_int_equal(v, 7);
    assert_int_equal(bytes_to_u64(bytes_str("100"), 100, &v), 0);
    assert_int_equal(v, 100);
    assert_int_equal(bytes_to_u64(bytes_str("007"), 7, &v), 0);
    assert_int_equal(v, 7);
    assert_int_equal(bytes_to_u64(bytes_str("18446744073709551615"), UINT64_MAX, &v), 0);
    assert_true(v == UINT64_MAX);
    assert_int_equal(bytes_to_u64(bytes_str("18446744073709551616"), UINT64_MAX, &v), -EBADMSG);
    assert_int_equal(bytes_to_u64(bytes_str("0"), 0, &v), 0);
    assert_int_equal(bytes_to_u64(bytes_str("1"), 0, &v), -EBADMSG);
}

static void copies_text(void **state)
{
    char *s = bytes_dup_str(bytes_of("abcdef", 3));

    (void) state;
    assert_string_equal(s, "abc");
    free(s);
    s = bytes_dup_str(bytes_of(NULL, 0));
    assert_string_equal(s, "");
    free(s);
}

static void writes_and_reads_back(void **state)
{
    uint8_t buf[32];
    size_t len = 0;
    struct wr w = wr_init(buf, sizeof(buf));
    struct rd r;

    (void) state;
    wr_u8(&w, 0x01);
    wr_u16(&w, 0x0203);
    wr_u24(&w, 0x040506);
    wr_u32(&w, 0xfffefdfc);
    wr_u64(&w, 0x8090a0b0c0d0e0f0);
    wr_str(&w, "hi");
    wr_fmt(&w, "%d", 42);
    wr_zero(&w, 2);
    wr_patch_u16(&w, 1, 0xabcd);
    assert_int_equal(wr_finish(&w, &len), 0);
    assert_int_equal(len, 24);
    assert_memory_equal(buf, ((uint8_t[]){1, 0xab, 0xcd, 4, 5, 6, 0xff, 0xfe}), 8);

    r = rd_init(bytes_of(buf, len));
    assert_int_equal(rd_u8(&r), 1);
    assert_int_equal(rd_u16(&r), 0xabcd);
    assert_int_equal(rd_u24(&r), 0x040506);
    assert_int_equal(rd_u32(&r), 0xfffefdfc);
    assert_true(rd_u64(&r) == 0x8090a0b0c0d0e0f0);
    assert_true(bytes_eq_str(rd_bytes(&r, 4), "hi42"));
    rd_skip(&r, 2);
    assert_int_equal(rd_left(&r), 0);
    assert_int_equal(rd_finish(&r), 0);
}

static void reading_past_the_end_sticks(void **state)
{
    static const uint8_t five[] = {1, 2, 3, 4, 5};
    struct rd r = rd_init(bytes_of(five, 5));

    (void) state;
    assert_true(rd_u64(&r) == 0);
    assert_int_equal(rd_u8(&r), 0);
    assert_int_equal(rd_left(&r), 0);
    assert_int_equal(rd_finish(&r), -EBADMSG);
    r = rd_init(bytes_of(five, 5));
    assert_null(rd_bytes(&r, SIZE_MAX).p);
    assert_int_equal(rd_finish(&r), -EBADMSG);
    r = rd_init(bytes_of(NULL, 0));
    assert_int_equal(rd_bytes(&r, 0).len, 0);
    assert_int_equal(rd_finish(&r), 0);
    assert_int_equal(rd_u16(&r), 0);
    assert_int_equal(rd_finish(&r), -EBADMSG);
}

static void writing_past_the_end_sticks(void **state)
{
    uint8_t buf[5] = {9, 9, 9, 9, 9};
    struct wr w = wr_init(buf, 3);
    size_t len = 77;

    (void) state;
    wr_u16(&w, 0x0102);
    wr_patch_u16(&w, 1, 0x0808);
    wr_patch_u16(&w, SIZE_MAX - 1, 0x0808);
    wr_u16(&w, 0x0304);
    wr_u8(&w, 5);
    assert_int_equal(wr_finish(&w, &len), -ENOSPC);
    assert_int_equal(len, 77);
    assert_int_equal(wr_left(&w), 0);
    assert_memory_equal(buf, ((uint8_t[]){1, 2, 9, 9, 9}), 5);
    w = wr_init(NULL, 0);
    wr_bytes(&w, bytes_of(NULL, 0));
    wr_zero(&w, 0);
    assert_int_equal(wr_finish(&w, &len), 0);
    assert_int_equal(len, 0);
    w = wr_init(buf, 3);
    wr_fmt(&w, "%s", "four");
    assert_int_equal(wr_finish(&w, &len), -ENOSPC);
}

static void format_has_a_limit(void **state)
{
    uint8_t buf[4096];
    struct wr w = wr_init(buf, sizeof(buf));
    size_t len = 0;

    (void) state;
    wr_fmt(&w, "%1023d", 1);
    assert_int_equal(wr_finish(&w, &len), 0);
    wr_fmt(&w, "%1024d", 1);
    assert_int_equal(wr_finish(&w, &len), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare),
        cmocka_unit_test(numbers_have_limits),
        cmocka_unit_test(copies_text),
        cmocka_unit_test(writes_and_reads_back),
        cmocka_unit_test(reading_past_the_end_sticks),
        cmocka_unit_test(writing_past_the_end_sticks),
        cmocka_unit_test(format_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
