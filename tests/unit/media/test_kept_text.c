#include "media/kept_text.h"

#include "tests/lib/chance.h"

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TEXT_MAX 65536

static struct kept_bases bases;

static int teardown(void **state)
{
    (void) state;
    kept_bases_done(&bases);
    return 0;
}

static struct kept_text *keep(struct bytes text)
{
    struct kept_text *t;

    assert_int_equal(kept_text_new(&bases, text, &t), 0);
    return t;
}

static void assert_is(const struct kept_text *t, struct bytes text)
{
    char *restored = kept_text_restore(t);

    assert_non_null(restored);
    assert_int_equal(strlen(restored), text.len);
    if (text.len > 0)
        assert_memory_equal(restored, text.p, text.len);
    free(restored);
}

/* As a browser's: a hundred lines, of which ten are of this call. */
static struct bytes make_sdp(char *buf, unsigned kind, unsigned call)
{
    size_t len = 0;

    for (unsigned i = 0; i < 100; i++) {
        if (i % 10 == 3)
            len += (size_t) sprintf(buf + len, "a=ssrc:%u of call %u\r\n", i, call);
        else
            len += (size_t) sprintf(buf + len, "a=rtpmap:%u kind %u/90000\r\n", i, kind);
    }
    return bytes_of(buf, len);
}

static void alike_ones_take_little(void **state)
{
    static struct kept_text *kept[3 * 20];
    char buf[TEXT_MAX];

    (void) state;
    for (unsigned i = 0; i < 60; i++) {
        struct bytes sdp = make_sdp(buf, i % 3, i);

        kept[i] = keep(sdp);
        if (i >= 3)
            assert_true(malloc_usable_size(kept[i]) < sdp.len / 4);
    }
    for (unsigned i = 0; i < 60; i += 2)
        kept_text_free(kept[i]);
    kept_bases_done(&bases); /* what is left needs none of these */
    for (unsigned i = 1; i < 60; i += 2) {
        assert_is(kept[i], make_sdp(buf, i % 3, i));
        assert_null(kept_text_free(kept[i]));
    }
}

static void more_kinds_than_there_is_room_for(void **state)
{
    struct kept_text *kept[5 * KEPT_TEXT_BASES];
    char buf[TEXT_MAX];

    (void) state;
    for (unsigned i = 0; i < 5 * KEPT_TEXT_BASES; i++)
        kept[i] = keep(make_sdp(buf, i, i));
    for (unsigned i = 0; i < 5 * KEPT_TEXT_BASES; i++) {
        assert_is(kept[i], make_sdp(buf, i, i));
        kept_text_free(kept[i]);
    }
}

static void odd_texts(void **state)
{
    static const char *const texts[] = {"",   "\n", "no end of line", "\n\n\n", "a\nb\na\nb\na",
                                        "a\n"};
    static char buf[TEXT_MAX];
    struct kept_text *t;

    (void) state;
    for (unsigned i = 0; i < 2 * sizeof(texts) / sizeof(texts[0]); i++) {
        t = keep(bytes_str(texts[i / 2]));
        assert_is(t, bytes_str(texts[i / 2]));
        kept_text_free(t);
    }
    assert_null(kept_text_restore(NULL));
    assert_null(kept_text_free(NULL));
    for (size_t i = 0; i < TEXT_MAX; i++)
        buf[i] = i % 3 ? 'a' + (char) (i / 7 % 26) : '\n'; /* thousands of lines */
    assert_int_equal(kept_text_new(&bases, bytes_of(buf, TEXT_MAX), &t), -E2BIG);
    for (unsigned i = 0; i < 2; i++) {
        t = keep(bytes_of(buf, TEXT_MAX - 1));
        assert_is(t, bytes_of(buf, TEXT_MAX - 1));
        kept_text_free(t);
        buf[60000 * i] = 'x';
    }
}

/* Lines of a few kinds in any order, and bits of them. */
static void any_texts(void **state)
{
    static const char *const lines[] = {"a\n",       "bb\n", "a=mid:0\n",
                                        "a=mid:1\n", "\n",   "a=rtcp-mux\n"};
    struct kept_text *kept[4] = {NULL};
    static char texts[4][4096];
    size_t lens[4] = {0};
    struct chance dice;

    (void) state;
    chance_init(&dice);
    for (unsigned round = 0; round < 20000; round++) {
        unsigned k = round % 4;

        if (kept[k])
            assert_is(kept[k], bytes_of(texts[k], lens[k]));
        kept_text_free(kept[k]);
        lens[k] = 0;
        for (unsigned n = chance_below(&dice, 60); n > 0; n--) {
            const char *line = lines[chance_below(&dice, 6)];
            size_t len = strlen(line) - (chance_below(&dice, 16) == 0);

            memcpy(texts[k] + lens[k], line, len);
            lens[k] += len;
        }
        kept[k] = keep(bytes_of(texts[k], lens[k]));
    }
    for (unsigned k = 0; k < 4; k++)
        kept_text_free(kept[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(alike_ones_take_little, teardown),
        cmocka_unit_test_teardown(more_kinds_than_there_is_room_for, teardown),
        cmocka_unit_test_teardown(odd_texts, teardown),
        cmocka_unit_test_teardown(any_texts, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
