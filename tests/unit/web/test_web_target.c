#include "web/web_target.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct web_target t;

static int teardown(void **state)
{
    (void) state;
    web_target_done(&t);
    return 0;
}

static void parse(const char *uri)
{
    web_target_done(&t);
    assert_int_equal(web_target_parse(uri, &t), 0);
}

static void segments_are_decoded(void **state)
{
    (void) state;
    parse("/a/b%2Fc/%C3%A9+/?x");
    assert_string_equal(t.path, "/a/b%2Fc/%C3%A9+/");
    assert_int_equal(t.n_segments, 3);
    assert_string_equal(web_target_segment(&t, 0), "a");
    assert_string_equal(web_target_segment(&t, 1), "b/c");
    assert_string_equal(web_target_segment(&t, 2), "\303\251+");
    assert_null(web_target_segment(&t, 3));
}

static void slashes(void **state)
{
    static const struct {
        const char *path;
        unsigned n;
    } cases[] = {{"/", 0}, {"//", 1}, {"/a", 1}, {"/a/", 1}, {"/a//b", 3}, {"/a//", 2}};

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        parse(cases[i].path);
        assert_int_equal(t.n_segments, cases[i].n);
    }
    parse("/a//b");
    assert_string_equal(web_target_segment(&t, 1), "");
    assert_string_equal(web_target_segment(&t, 2), "b");
}

static void rest_is_joined(void **state)
{
    (void) state;
    parse("/files/sub%20dir/a.js");
    assert_string_equal(web_target_rest(&t, 0), "files/sub dir/a.js");
    assert_string_equal(web_target_rest(&t, 1), "sub dir/a.js");
    assert_string_equal(web_target_rest(&t, 3), "");
    parse("/files/sub/");
    assert_string_equal(web_target_rest(&t, 1), "sub/");
    parse("/files/a%2Fb/c");
    assert_null(web_target_rest(&t, 1));
    assert_string_equal(web_target_rest(&t, 2), "c");
}

static void other_forms(void **state)
{
    (void) state;
    parse("https://host:4443/a/b?x=1");
    assert_string_equal(t.path, "/a/b");
    assert_string_equal(web_target_query(&t, "x"), "1");
    parse("http://host?x=2");
    assert_string_equal(t.path, "/");
    assert_string_equal(web_target_query(&t, "x"), "2");
    parse("*");
    assert_string_equal(t.path, "*");
    assert_int_equal(t.n_segments, 0);
    parse("/a#b?c");
    assert_string_equal(t.path, "/a");
    assert_null(web_target_query(&t, "c"));
}

static void bad_paths(void **state)
{
    static const char *const bad[] = {"",
                                      "a",
                                      "**",
                                      "host:80",
                                      "/%",
                                      "/%4",
                                      "/%4g",
                                      "/%00",
                                      "/a/%1f",
                                      "/%7F",
                                      "/a\tb",
                                      "/%ff",
                                      "/%c3",
                                      "/%C0%AF",
                                      "/%ED%A0%80",
                                      "/%F5%80%80%80",
                                      "/%f4%90%80%80",
                                      "/%E0%9f%80",
                                      "/%f0%8f%80%80"};

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(web_target_parse(bad[i], &t), -EBADMSG);
        assert_string_equal(t.path, bad[i]);
        assert_null(web_target_segment(&t, 0));
        web_target_done(&t);
    }
}

static void query_values(void **state)
{
    (void) state;
    parse("/?a=1&b&c=&&d=x=y&a=2&e%3d=%2B+&=none&bad=%zz%&nul=%00");
    assert_string_equal(web_target_query(&t, "a"), "1");
    assert_string_equal(web_target_query(&t, "b"), "");
    assert_string_equal(web_target_query(&t, "c"), "");
    assert_string_equal(web_target_query(&t, "d"), "x=y");
    assert_string_equal(web_target_query(&t, "e="), "+ ");
    assert_string_equal(web_target_query(&t, ""), "none");
    assert_string_equal(web_target_query(&t, "bad"), "%zz%");
    assert_string_equal(web_target_query(&t, "nul"), "%00");
    assert_null(web_target_query(&t, "A"));
    assert_null(web_target_query(&t, "x"));
    parse("/");
    assert_null(web_target_query(&t, ""));
}

/* One letter a pair is what takes most room when decoded. */
static void shortest_pairs_fit(void **state)
{
    (void) state;
    parse("/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p");
    assert_string_equal(web_target_query(&t, "p"), "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(segments_are_decoded, teardown),
        cmocka_unit_test_teardown(slashes, teardown),
        cmocka_unit_test_teardown(rest_is_joined, teardown),
        cmocka_unit_test_teardown(other_forms, teardown),
        cmocka_unit_test_teardown(bad_paths, teardown),
        cmocka_unit_test_teardown(query_values, teardown),
        cmocka_unit_test_teardown(shortest_pairs_fit, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
