#include "acme/problem.h"

#include "acme/failure.h"
#include "acme/printable.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define URN "urn:ietf:params:acme:error:"

static struct acme_problem parse(const char *text)
{
    struct acme_problem p;

    assert_int_equal(acme_problem_parse(bytes_str(text), &p), 0);
    return p;
}

/* RFC 8555 section 6.7.1 */
static const char rfc[] =
    "{\n    \"type\": \"urn:ietf:params:acme:error:malformed\",\n"
    "    \"detail\": \"Some of the identifiers requested were rejected\",\n"
    "    \"subproblems\": [\n        {\n"
    "            \"type\": \"urn:ietf:params:acme:error:malformed\",\n"
    "            \"detail\": \"Invalid underscore in DNS name \\\"_example.org\\\"\",\n"
    "            \"identifier\": {\n                \"type\": \"dns\",\n"
    "                \"value\": \"_example.org\"\n            }\n        },\n        {\n"
    "            \"type\": \"urn:ietf:params:acme:error:rejectedIdentifier\",\n"
    "            \"detail\": \"This CA will not issue for \\\"example.net\\\"\",\n"
    "            \"identifier\": {\n                \"type\": \"dns\",\n"
    "                \"value\": \"example.net\"\n            }\n        }\n    ]\n}\n";

static void the_rfc_s_own(void **state)
{
    struct acme_problem p = parse(rfc);
    char text[2048];

    (void) state;
    assert_int_equal(p.type, PROBLEM_MALFORMED);
    assert_string_equal(p.type_text, "malformed");
    assert_int_equal(p.status, 0);
    assert_int_equal(p.n_sub, 2);
    assert_int_equal(p.sub[1].type, PROBLEM_REJECTED_IDENTIFIER);
    assert_string_equal(p.sub[1].identifier, "example.net");
    assert_string_equal(p.verbatim, rfc);
    acme_problem_text(&p, text, sizeof(text));
    assert_non_null(strstr(text, "Some of the identifiers requested were rejected; for "
                                 "_example.org, the CA does not accept the form"));
    assert_non_null(strstr(text, "for example.net, the CA does not issue for this name, by its "
                                 "policy: This CA will not issue for \"example.net\""));
}

static void each_type_has_its_texts(void **state)
{
    (void) state;
    for (unsigned i = 0; i < N_PROBLEM_TYPES; i++) {
        enum acme_problem_type type = (enum acme_problem_type) i;
        const char *name = acme_problem_type_name(type);
        struct acme_problem p = {.type = type};
        char body[256], text[512];
        size_t len;

        assert_int_equal(acme_problem_type_of(name), type);
        len = strlen(acme_problem_text(&p, text, sizeof(text)));
        assert_true(len > 10 && text[len - 1] != '.');
        len = strlen(acme_problem_next(type));
        assert_true(len == 0 || acme_problem_next(type)[len - 1] == '.');
        /* which waits after a failure */
        assert_null(strstr(acme_problem_next(type), "cert renew"));
        assert_true(len > 0 || type <= PROBLEM_OTHER || type == PROBLEM_COMPOUND);
        if (type <= PROBLEM_OTHER)
            continue;
        snprintf(body, sizeof(body), "{\"type\":\"" URN "%s\"}", name);
        assert_int_equal(parse(body).type, type);
        snprintf(body, sizeof(body), "{\"type\":\"urn:acme:error:%s\"}", name);
        assert_int_equal(parse(body).type, PROBLEM_OTHER);
    }
    assert_int_equal(parse("{\"type\":\"" URN "none\"}").type, PROBLEM_OTHER);
    assert_int_equal(parse("{\"type\":\"" URN "RateLimited\"}").type, PROBLEM_OTHER);
}

static void what_is_no_problem_document(void **state)
{
    static const char *const bad[] = {"", "<html>503</html>", "[]", "\"x\"", "{", "null"};
    struct acme_problem p;
    char text[256];

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(acme_problem_parse(bytes_str(bad[i]), &p), -EBADMSG);
        assert_int_equal(p.type, PROBLEM_NONE);
        assert_string_equal(p.verbatim, bad[i]);
    }
    assert_int_equal(acme_problem_parse((struct bytes){.p = NULL}, &p), -EBADMSG);
    p.status = 503;
    assert_string_equal(acme_problem_text(&p, text, sizeof(text)),
                        "the CA gave no reason (status 503)");
}

static void other_documents(void **state)
{
    struct acme_problem p;
    char text[256];

    (void) state;
    p = parse("{}");
    assert_int_equal(p.type, PROBLEM_OTHER);
    assert_string_equal(acme_problem_text(&p, text, sizeof(text)), "the CA refused");
    p = parse("{\"type\":\"about:blank\",\"title\":\"Bad Gateway. \",\"status\":502}");
    assert_string_equal(acme_problem_text(&p, text, sizeof(text)),
                        "the CA refused with about:blank: Bad Gateway");
    p = parse("{\"type\":7,\"detail\":[],\"status\":\"x\",\"subproblems\":{\"a\":1}}");
    assert_string_equal(p.type_text, "");
    assert_string_equal(p.detail, "");
    assert_int_equal(p.status, 0);
    assert_int_equal(p.n_sub, 0);
    assert_int_equal(parse("{\"status\":600}").status, 0);
    assert_int_equal(parse("{\"status\":-1}").status, 0);
    assert_int_equal(parse("{\"subproblems\":[1,null,[],{}]}").n_sub, 1);
}

static void control_characters_never_pass(void **state)
{
    struct acme_problem p = parse("{\"type\":\"a\\u001bb\",\"detail\":\"a\\nb\\u009bc\\u202ed\\t\","
                                  "\"subproblems\":[{\"detail\":\"\\u0007\",\"identifier\":"
                                  "{\"value\":\"\\u001b[31m\"}}]}");
    char text[256];

    (void) state;
    assert_string_equal(p.type_text, "a?b");
    assert_string_equal(p.detail, "a?b?c?d?");
    assert_string_equal(p.sub[0].identifier, "?[31m");
    acme_problem_text(&p, text, sizeof(text));
    for (const char *c = text; *c; c++)
        assert_in_range(*c, ' ', '~');
    acme_problem_parse(bytes_of("a\x1b\0\n\tb\xff", 7), &p);
    assert_string_equal(p.verbatim, "a??\n\tb?");
}

static void texts_have_limits(void **state)
{
    size_t len = 0, cap = 100000;
    char *body = malloc(cap), text[ACME_PROBLEM_TEXT], small[8];
    struct acme_problem p;

    (void) state;
    assert_non_null(body);
    len += (size_t) snprintf(body + len, cap - len, "{\"type\":\"https://");
    for (int i = 0; i < 200; i++)
        body[len++] = 'x';
    len += (size_t) snprintf(body + len, cap - len, "\",\"detail\":\"");
    for (int i = 0; i < 2000; i++, len += 2)
        memcpy(body + len, "\xc3\xa4", 2);
    len += (size_t) snprintf(body + len, cap - len, "\",\"subproblems\":[{}");
    for (int i = 0; i < 30; i++)
        len += (size_t) snprintf(body + len, cap - len,
                                 ",{\"detail\":\"%0500d\",\"identifier\":{\"value\":\"%0300d\"}}",
                                 i, i);
    len += (size_t) snprintf(body + len, cap - len, "]}");
    assert_int_equal(acme_problem_parse(bytes_of(body, len), &p), 0);
    assert_int_equal(strlen(p.type_text), ACME_PROBLEM_TYPE - 1);
    assert_int_equal(strlen(p.detail), ACME_PROBLEM_TEXT - 2); /* whole characters */
    assert_int_equal(p.n_sub, ACME_SUBPROBLEMS_MAX);
    assert_int_equal(strlen(p.sub[1].identifier), 255);
    assert_true(strlen(p.verbatim) >= ACME_PROBLEM_VERBATIM - 2);
    acme_problem_text(&p, text, sizeof(text));
    assert_true(strlen(text) >= sizeof(text) - 3);
    assert_null(strchr(text, '?'));
    assert_string_equal(acme_problem_text(&p, small, sizeof(small)), "the CA ");
    assert_string_equal(acme_problem_text(&p, small, 1), "");
    free(body);
}

static void printable_texts(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"plain ~", "plain ~"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\x01\x1f\x7f", "???"},
        {"\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0"},
        {"\xe2\x80\xae\xe2\x81\xa9\xe2\x80\xa8", "???"},
        {"\xc0\xaf", "??"},           /* longer than it need be */
        {"\xed\xa0\x80", "???"},      /* half of a pair */
        {"\xf4\x90\x80\x80", "????"}, /* beyond Unicode */
        {"\xe2\x82", "??"},           /* cut */
        {"\xe2\x82x\x80", "??x?"},    /* misplaced */
        {"\xff\xfe\xf8\x88\x80\x80", "??????"},
    };
    char buf[32], text[] = "a\nb\x80";

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(printable_copy(bytes_str(cases[i].in), false, buf, sizeof(buf)),
                            cases[i].out);
    assert_string_equal(printable_copy(bytes_str("a\n\tb\r"), true, buf, sizeof(buf)), "a\n\tb?");
    assert_string_equal(printable_copy(bytes_str("a\xe2\x82\xac"), false, buf, 4), "a");
    assert_string_equal(printable_copy(bytes_str("a\xe2\x82\xac"), false, buf, 5), "a\xe2\x82\xac");
    assert_string_equal(printable_clean(text), "a?b?");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_s_own),
        cmocka_unit_test(each_type_has_its_texts),
        cmocka_unit_test(what_is_no_problem_document),
        cmocka_unit_test(other_documents),
        cmocka_unit_test(control_characters_never_pass),
        cmocka_unit_test(texts_have_limits),
        cmocka_unit_test(printable_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
