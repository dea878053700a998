#include "base/blob.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void grows_and_keeps_its_bytes(void **state)
{
    struct blob b = blob_init(5000);
    uint8_t piece[50];
    size_t cap;

    (void) state;
    assert_int_equal(blob_append(&b, bytes_str("")), 0);
    assert_null(b.p);
    for (size_t i = 0; i < 100; i++) {
        memset(piece, (int) i, sizeof(piece));
        cap = blob_cap_for(&b, sizeof(piece));
        assert_int_equal(blob_append(&b, bytes_of(piece, sizeof(piece))), 0);
        assert_int_equal(b.cap, cap);
    }
    assert_int_equal(blob_bytes(&b).len, 5000);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(blob_bytes(&b).p[i], i / 50);
    blob_clear(&b);
    assert_null(b.p);
}

static void stops_at_its_maximum(void **state)
{
    struct blob b = blob_init(4);

    (void) state;
    assert_int_equal(blob_append(&b, bytes_str("abc")), 0);
    assert_int_equal(blob_append(&b, bytes_str("de")), -ENOSPC);
    assert_int_equal(blob_append(&b, bytes_of("x", SIZE_MAX)), -ENOSPC);
    assert_int_equal(b.len, 3);
    assert_int_equal(blob_append(&b, bytes_str("d")), 0);
    assert_memory_equal(b.p, "abcd", 4);
    assert_int_equal(blob_append(&b, bytes_str("")), 0);
    assert_int_equal(blob_append(&b, bytes_str("e")), -ENOSPC);
    blob_clear(&b);
    assert_int_equal(b.max, 4);
    assert_int_equal(blob_append(&b, bytes_str("abcd")), 0);
    blob_clear(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_keeps_its_bytes),
        cmocka_unit_test(stops_at_its_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
