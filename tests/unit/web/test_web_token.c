#include "web/web_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void tokens(void **state)
{
    (void) state;
    assert_true(web_token_is_token("X-Real-IP"));
    assert_false(web_token_is_token(""));
    assert_false(web_token_is_token("X Y"));
    assert_false(web_token_is_token("X:"));
    assert_false(web_token_is_token("X\r\nY"));
    assert_false(web_token_is_token("\303\251"));
}

static void field_values(void **state)
{
    (void) state;
    assert_true(web_token_is_field_value(""));
    assert_true(web_token_is_field_value("text/html; charset=utf-8\t\303\251"));
    assert_false(web_token_is_field_value("a\r\nSet-Cookie: b"));
    assert_false(web_token_is_field_value("a\nb"));
    assert_false(web_token_is_field_value("a\rb"));
    assert_false(web_token_is_field_value("\177"));
}

static void lists(void **state)
{
    (void) state;
    assert_true(web_token_in_list("Upgrade", "upgrade"));
    assert_true(web_token_in_list("keep-alive, Upgrade", "upgrade"));
    assert_true(web_token_in_list(" ,, upgrade\t,x", "Upgrade"));
    assert_false(web_token_in_list("", "upgrade"));
    assert_false(web_token_in_list("upgrades, up grade", "upgrade"));
}

static void etags(void **state)
{
    (void) state;
    assert_true(web_token_matches_etag("\"a\"", "\"a\""));
    assert_true(web_token_matches_etag("W/\"a\"", "\"a\""));
    assert_true(web_token_matches_etag("\"b\", \"a\"", "\"a\""));
    assert_true(web_token_matches_etag("*", "\"a\""));
    assert_false(web_token_matches_etag("\"A\"", "\"a\""));
    assert_false(web_token_matches_etag("a", "\"a\""));
    assert_false(web_token_matches_etag("", "\"a\""));
}

static void credentials(void **state)
{
    static const char ok[] = "Basic T1BFTlZJRFVBUFA6TVlfU0VDUkVU";
    char secret[2000] = "";

    (void) state;
    assert_true(web_token_is_basic_auth(ok, "OPENVIDUAPP", "MY_SECRET"));
    assert_true(
        web_token_is_basic_auth("basic  T1BFTlZJRFVBUFA6TVlfU0VDUkVU", "OPENVIDUAPP", "MY_SECRET"));
    assert_false(web_token_is_basic_auth(ok, "OPENVIDUAPP", "MY_SECRE"));
    assert_false(web_token_is_basic_auth(ok, "OPENVIDUAPP", "MY_SECRET2"));
    assert_false(web_token_is_basic_auth(ok, "OPENVIDUAPP:MY", "SECRET"));
    assert_false(web_token_is_basic_auth(ok + 6, "OPENVIDUAPP", "MY_SECRET"));
    assert_false(
        web_token_is_basic_auth("Bearer T1BFTlZJRFVBUFA6TVlfU0VDUkVU", "OPENVIDUAPP", "MY_SECRET"));
    assert_false(web_token_is_basic_auth("Basic", "", ""));
    assert_false(web_token_is_basic_auth("Basic ", "", ""));
    assert_false(web_token_is_basic_auth("Basic !", "", ""));
    /* What does not fit matches nothing, not even itself. */
    memset(secret, 'x', sizeof(secret) - 1);
    assert_false(web_token_is_basic_auth(ok, "OPENVIDUAPP", secret));
}

static void websocket_keys(void **state)
{
    (void) state;
    assert_true(web_token_is_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
    assert_false(web_token_is_websocket_key("dGhlIHNhbXBsZSBub25jZQ="));
    assert_false(web_token_is_websocket_key("dGhlIHNhbXBsZSBub25jZWVl"));
    assert_false(web_token_is_websocket_key("!Ghl IHNhbXBsZSBub25jZQ=="));
    assert_false(web_token_is_websocket_key(""));
}

static void cookies(void **state)
{
    static const struct {
        const char *header, *value;
    } cases[] = {
        {"a=1", "1"},  {"b=2; a=1; a=3", "1"}, {" b=2;a=1", "1"},   {"a=x=y", "x=y"},
        {"a=", ""},    {"b=2;\ta=1 ", "1 "},   {"aa=2; a=1;", "1"}, {"", NULL},
        {"a", NULL},   {"aa=1", NULL},         {"b=a=1", NULL},     {";;; ;", NULL},
        {"A=1", NULL}, {"b=\"; a=1\"", "1\""},
    };
    struct bytes value;

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(web_token_cookie(cases[i].header, "a", &value), cases[i].value != NULL);
        if (cases[i].value)
            assert_true(bytes_eq_str(value, cases[i].value));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),  cmocka_unit_test(field_values), cmocka_unit_test(lists),
        cmocka_unit_test(etags),   cmocka_unit_test(credentials),  cmocka_unit_test(websocket_keys),
        cmocka_unit_test(cookies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
