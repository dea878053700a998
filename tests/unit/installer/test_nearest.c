#include "text/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *nearest_of(const char *wanted, unsigned max_edits)
{
    static const char *const words[] = {"signaling", "media", "turn", "call", "redis"};
    struct nearest n;

    nearest_start(&n, wanted, max_edits);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        nearest_offer(&n, words[i]);
    return n.found;
}

static void test_edits(void **state)
{
    (void) state;
    assert_string_equal(nearest_of("media", 2), "media");
    assert_string_equal(nearest_of("meda", 2), "media");   /* left out */
    assert_string_equal(nearest_of("mediaa", 2), "media"); /* put in */
    assert_string_equal(nearest_of("mefia", 1), "media");  /* replaced */
    assert_string_equal(nearest_of("meida", 1), "media");  /* swapped: one edit */
    assert_string_equal(nearest_of("signallng", 2), "signaling");
    assert_null(nearest_of("meida", 0));
    assert_null(nearest_of("zebra", 2));
    assert_null(nearest_of("", 2));
}

static void test_long_words_are_near_nothing(void **state)
{
    char word[200];
    struct nearest n;

    (void) state;
    memset(word, 'a', sizeof(word));
    word[199] = 0;
    nearest_start(&n, word, 2);
    nearest_offer(&n, "media");
    nearest_offer(&n, word);
    assert_null(n.found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_long_words_are_near_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
