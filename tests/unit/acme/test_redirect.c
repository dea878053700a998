#include "acme/redirect.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void followed(void **state)
{
    static const struct {
        const char *url, *host;
        uint16_t port;
        bool https;
    } rows[] = {
        {"http://a.example/x", "a.example", 80, false},
        {"HTTPS://a.example", "a.example", 443, true},
        {"https://a.example:80?x", "a.example", 80, true},
        {"http://u:p@a.example:443#f", "a.example", 443, false},
        {"http://[2001:db8::1]/", "2001:db8::1", 80, false},
        {"https://[2001:db8::1]:443/a:b@c", "2001:db8::1", 443, true},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct redirect r;

        assert_null(redirect_parse(rows[i].url, 80, 443, &r));
        assert_string_equal(r.url, rows[i].url);
        assert_string_equal(r.host, rows[i].host);
        assert_int_equal(r.port, rows[i].port);
        assert_int_equal(r.https, rows[i].https);
    }
}

static void not_followed(void **state)
{
    static const char *const urls[] = {
        "",
        "/path",
        "ftp://a.example/",
        "http://",
        "http:///x",
        "http://a:8080/",
        "https://a.example:8443",
        "http://a:",
        "http://a:x",
        "http://a:99999/",
        "http://[::1",
        "http://[]/",
        "http://[::1]x/",
        "http://u@/",
        "javascript:x",
    };
    char longest[REDIRECT_URL_SIZE + 10] = "http://";
    struct redirect r;

    (void) state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        assert_non_null(redirect_parse(urls[i], 80, 443, &r));
    memset(longest + 7, 'a', 300);
    assert_non_null(redirect_parse(longest, 80, 443, &r)); /* the host */
    memset(longest + 7, 'a', REDIRECT_URL_SIZE - 7);
    longest[20] = '/';
    assert_non_null(redirect_parse(longest, 80, 443, &r));
    longest[REDIRECT_URL_SIZE - 1] = '\0';
    assert_null(redirect_parse(longest, 80, 443, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(followed),
        cmocka_unit_test(not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
