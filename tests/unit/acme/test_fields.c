#include "acme/fields.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RFC_DATE 784111777 /* of the three examples in RFC 9110 section 5.6.7 */

static void dates(void **state)
{
    static const struct {
        const char *text;
        int64_t s;
    } good[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", RFC_DATE},
        {"Sunday, 06-Nov-94 08:49:37 GMT", RFC_DATE},
        {"Sun Nov  6 08:49:37 1994", RFC_DATE},
        {" Sun, 06 Nov 1994 08:49:37 GMT\t", RFC_DATE},
        {"Sun Nov 16 08:49:37 1994", RFC_DATE + 10 * 86400},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Thursday, 01-Jan-70 00:00:00 GMT", 0},
        {"Tuesday, 31-Dec-69 00:00:00 GMT", 3155760000 - 86400},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
    };
    static const char *const bad[] = {
        "",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT x",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37 GMT                                               x",
    };
    int64_t s = 77;

    (void) state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(field_date(good[i].text, &s), 0);
        assert_int_equal(s, good[i].s);
    }
    s = 77;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (field_date(bad[i], &s) != -EBADMSG)
            fail_msg("%s", bad[i]);
        assert_int_equal(s, 77);
    }
}

static void retry_after(void **state)
{
    static const struct {
        const char *text;
        int64_t now, s;
    } good[] = {
        {"120", RFC_DATE, 120},
        {" 0 ", RFC_DATE, 0},
        {"007", RFC_DATE, 7},
        {"Sun, 06 Nov 1994 08:49:37 GMT", RFC_DATE - 90, 90},
        {"Sunday, 06-Nov-94 08:49:37 GMT", RFC_DATE - 90, 90},
        {"Sun Nov  6 08:49:37 1994", RFC_DATE - 90, 90},
        {"Sun, 06 Nov 1994 08:49:37 GMT", RFC_DATE, 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", RFC_DATE + 1, 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_MAX, 0},
        /* ten years at most */
        {"99999999999999999999999999", RFC_DATE, 315360000},
        {"Fri, 31 Dec 9999 23:59:59 GMT", RFC_DATE, 315360000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_MIN, 315360000},
    };
    static const char *const bad[] = {"", "  ", "-1", "+1", "1.5", "1 2", "soon", "0x10"};
    int64_t s = 77;

    (void) state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(field_retry_after(good[i].text, good[i].now, &s), 0);
        assert_int_equal(s, good[i].s);
    }
    s = 77;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(field_retry_after(bad[i], RFC_DATE, &s), -EBADMSG);
        assert_int_equal(s, 77);
    }
}

#define BASE "https://ca.example/a/b/c?d=e"

static const char *link_of(const char *value, size_t n)
{
    static char buf[256];
    int r = field_link(value, "alternate", n, BASE, buf, sizeof(buf));

    assert_true(r == 0 || r == -ENOENT);
    return r == 0 ? buf : NULL;
}

static void links(void **state)
{
    /* RFC 8555 section 7.4.2, and several in one value */
    static const char list[] =
        "<https://example.com/acme/directory>;rel=\"index\", "
        "<https://example.com/acme/cert/1/1> ; title=\"a, <b>; \\\"c\\\"\" ; "
        "REL=Alternate ,, <https://example.com/acme/cert/1/2>;"
        "rel=\"up alternate\";rel=up";

    (void) state;
    assert_string_equal(link_of(list, 0), "https://example.com/acme/cert/1/1");
    assert_string_equal(link_of(list, 1), "https://example.com/acme/cert/1/2");
    assert_null(link_of(list, 2));
    assert_null(link_of("<https://c/>;rel=up;rel=alternate", 0)); /* the first counts */
    assert_null(link_of("<https://c/>;rel=\"alternates\"", 0));
    assert_null(link_of("<https://c/>", 0));
    assert_null(link_of("<https://c/>;rel", 0));
    assert_null(link_of("<https://c/;rel=alternate", 0));
    assert_null(link_of("https://c/;rel=alternate", 0));
    assert_null(link_of("", 0));
    assert_string_equal(link_of("<https://c/>;rel=\"alternate", 0), "https://c/");
    assert_string_equal(link_of("<https://c/>;x;y=;rel=alternate", 0), "https://c/");
}

/* RFC 3986 section 5.4, as far as it can be a certificate's */
static void relative_links(void **state)
{
    static const char base[] = "http://a/b/c/d;p?q";
    static const struct {
        const char *target, *is;
    } cases[] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"g#s", "http://a/b/c/g"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
    };
    char value[128], buf[128];

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        snprintf(value, sizeof(value), "<%s>;rel=x", cases[i].target);
        assert_int_equal(field_link(value, "x", 0, base, buf, sizeof(buf)), 0);
        assert_string_equal(buf, cases[i].is);
    }
    assert_int_equal(field_link("<g>;rel=x", "x", 0, "http://a", buf, sizeof(buf)), 0);
    assert_string_equal(buf, "http://a/g");
}

static void links_have_limits(void **state)
{
    char buf[16], value[4000] = "<";

    (void) state;
    assert_int_equal(field_link("<https://c/56789>;rel=x", "x", 0, BASE, buf, 15), -ENOSPC);
    assert_int_equal(field_link("<https://c/5678>;rel=x", "x", 0, BASE, buf, 16), 0);
    assert_string_equal(buf, "https://c/5678");
    memset(value + 1, 'a', 3000);
    memcpy(value + 3001, ">;rel=x", 8);
    assert_int_equal(field_link(value, "x", 0, BASE, buf, sizeof(buf)), -ENOSPC);
}

static void nonces(void **state)
{
    (void) state;
    assert_true(field_is_nonce("oFvnlFP1wIhRlYS2jTaXbA"));
    assert_true(field_is_nonce("-_09azAZ"));
    assert_false(field_is_nonce(""));
    assert_false(field_is_nonce("a=="));
    assert_false(field_is_nonce("a b"));
    assert_false(field_is_nonce("a\n"));
    assert_false(field_is_nonce("\"a\""));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),
        cmocka_unit_test(retry_after),
        cmocka_unit_test(links),
        cmocka_unit_test(relative_links),
        cmocka_unit_test(links_have_limits),
        cmocka_unit_test(nonces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
