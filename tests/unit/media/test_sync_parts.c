/* An inventory in parts: put together, or refused, as a whole. */
#include "media/sync_parts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int add(struct sync_parts *p, const char *text, bool more, json_t **ret_whole)
{
    json_t *rooms = json_loads(text, 0, NULL);
    int error;

    assert_non_null(rooms);
    error = sync_parts_add(p, rooms, more, ret_whole);
    json_decref(rooms);
    return error;
}

static void expect(json_t *whole, const char *text)
{
    json_t *expected = json_loads(text, 0, NULL);

    assert_true(json_equal(whole, expected));
    json_decref(expected);
    json_decref(whole);
}

static void one_part(void **state)
{
    struct sync_parts p = {0};
    json_t *whole = NULL;

    (void) state;
    assert_int_equal(add(&p, "{}", false, &whole), 0);
    expect(whole, "{}");
    assert_int_equal(add(&p, "{\"r\":{\"streams\":[\"a\"]}}", false, &whole), 0);
    expect(whole, "{\"r\":{\"streams\":[\"a\"],\"subscribers\":[]}}");
    sync_parts_done(&p);
}

static void several_parts(void **state)
{
    struct sync_parts p = {0};
    json_t *whole = NULL;

    (void) state;
    assert_int_equal(
        add(&p, "{\"r\":{\"streams\":[\"a\"],\"subscribers\":[\"x\"]},\"q\":{}}", true, &whole), 0);
    assert_null(whole);
    assert_int_equal(add(&p, "{\"r\":{\"subscribers\":[\"y\"]}}", true, &whole), 0);
    assert_null(whole);
    assert_int_equal(add(&p, "{\"t\":{\"streams\":[\"b\"]}}", false, &whole), 0);
    expect(whole, "{\"r\":{\"streams\":[\"a\"],\"subscribers\":[\"x\",\"y\"]},"
                  "\"q\":{\"streams\":[],\"subscribers\":[]},"
                  "\"t\":{\"streams\":[\"b\"],\"subscribers\":[]}}");
    /* the next one begins anew */
    assert_int_equal(add(&p, "{}", false, &whole), 0);
    expect(whole, "{}");
    sync_parts_done(&p);
}

/* What went before is forgotten, and what still belongs to it is refused. */
static void a_part_is_wrong(void **state)
{
    struct sync_parts p = {0};
    json_t *whole = NULL;

    (void) state;
    assert_int_equal(add(&p, "{\"r\":{}}", true, &whole), 0);
    sync_parts_refuse(&p, true);
    assert_int_equal(add(&p, "{\"s\":{}}", true, &whole), -EBADMSG);
    assert_int_equal(add(&p, "{\"t\":{}}", false, &whole), -EBADMSG);
    assert_null(whole);
    assert_int_equal(add(&p, "{\"u\":{}}", false, &whole), 0);
    expect(whole, "{\"u\":{\"streams\":[],\"subscribers\":[]}}");
    sync_parts_refuse(&p, false);
    assert_int_equal(add(&p, "{}", true, &whole), 0);
    sync_parts_done(&p);
}

static void the_limit(void **state)
{
    enum { N = 1000, LEN = 252 };
    struct sync_parts p = {0};
    json_t *list = json_array(), *rooms, *whole = NULL;
    char id[LEN + 1];
    size_t n_fit = 0;

    (void) state;
    memset(id, 'x', LEN);
    id[LEN] = '\0';
    for (int i = 0; i < N; i++)
        json_array_append_new(list, json_string(id));
    rooms = json_pack("{s:{s:o}}", "r", "streams", list);
    while (sync_parts_add(&p, rooms, true, &whole) == 0)
        n_fit++;
    assert_int_equal(n_fit, SYNC_BYTES_MAX / (N * (LEN + 3)));
    assert_int_equal(add(&p, "{}", false, &whole), -EBADMSG);
    assert_null(whole);
    json_decref(rooms);
    sync_parts_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_part),
        cmocka_unit_test(several_parts),
        cmocka_unit_test(a_part_is_wrong),
        cmocka_unit_test(the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
