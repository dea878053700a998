#include "acme/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 8555 section 7.1.1 */
static const char rfc_directory[] =
    "{\"newNonce\":\"https://example.com/acme/new-nonce\","
    "\"newAccount\":\"https://example.com/acme/new-account\","
    "\"newOrder\":\"https://example.com/acme/new-order\","
    "\"newAuthz\":\"https://example.com/acme/new-authz\","
    "\"revokeCert\":\"https://example.com/acme/revoke-cert\","
    "\"keyChange\":\"https://example.com/acme/key-change\","
    "\"meta\":{\"termsOfService\":\"https://example.com/acme/terms/2017-5-30\","
    "\"website\":\"https://www.example.com/\",\"caaIdentities\":[\"example.com\"],"
    "\"externalAccountRequired\":false}}";

/* section 7.1.3 */
static const char rfc_order[] =
    "{\"status\":\"valid\",\"expires\":\"2016-01-20T14:09:07.99Z\","
    "\"identifiers\":[{\"type\":\"dns\",\"value\":\"www.example.org\"},"
    "{\"type\":\"dns\",\"value\":\"example.org\"}],"
    "\"notBefore\":\"2016-01-01T00:00:00Z\",\"notAfter\":\"2016-01-08T00:00:00Z\","
    "\"authorizations\":[\"https://example.com/acme/authz/PAniVnsZcis\","
    "\"https://example.com/acme/authz/r4HqLzrSrpI\"],"
    "\"finalize\":\"https://example.com/acme/order/TOlocE8rfgo/finalize\","
    "\"certificate\":\"https://example.com/acme/cert/jWCdfHVGY2M\"}";

/* section 7.1.4 */
static const char rfc_authz[] =
    "{\"status\":\"valid\",\"expires\":\"2015-03-01T14:09:07.99Z\","
    "\"identifier\":{\"type\":\"dns\",\"value\":\"www.example.org\"},"
    "\"challenges\":[{\"url\":\"https://example.com/acme/chall/prV_B7yEyA4\","
    "\"type\":\"http-01\",\"status\":\"valid\",\"token\":\"DGyRejmCefe7v4NfDGDKfA\","
    "\"validated\":\"2014-12-01T12:05:58.16Z\"}],\"wildcard\":false}";

#define ID "{\"type\":\"dns\",\"value\":\"a.example\"}"
#define LONG_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_250 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50
#define LONG_1000 LONG_250 LONG_250 LONG_250 LONG_250

static void directories(void **state)
{
    static const char more[] =
        "{\"newNonce\":\"http://c/n\",\"newAccount\":\"HTTPS://c/a\",\"newOrder\":\"https://c/o\","
        "\"renewalInfo\":\"https://c/ari\",\"revokeCert\":null,"
        "\"meta\":{\"externalAccountRequired\":true,\"termsOfService\":\"file:///x\","
        "\"caaIdentities\":[\"a.example\",7,\"\",\"" LONG_250 "aaaaaa\",\"b.example\"],"
        "\"profiles\":{\"classic\":\"https://c/p\",\"short lived\":\"x\",\"\":\"x\","
        "\"" LONG_50 "aaaaaaaaaaaaaa\":\"x\",\"shortlived\":\"six\\u0007 days\",\"odd\":7}}}";
    struct acme_directory d;
    const char *why = NULL;

    (void) state;
    assert_int_equal(acme_directory_parse(bytes_str(rfc_directory), &d, &why), 0);
    assert_null(why);
    assert_string_equal(d.new_nonce, "https://example.com/acme/new-nonce");
    assert_string_equal(d.new_account, "https://example.com/acme/new-account");
    assert_string_equal(d.new_order, "https://example.com/acme/new-order");
    assert_string_equal(d.revoke_cert, "https://example.com/acme/revoke-cert");
    assert_string_equal(d.key_change, "https://example.com/acme/key-change");
    assert_string_equal(d.renewal_info, "");
    assert_string_equal(d.terms, "https://example.com/acme/terms/2017-5-30");
    assert_false(d.eab_required);
    assert_int_equal(d.n_caa, 1);
    assert_string_equal(d.caa[0], "example.com");
    assert_int_equal(d.n_profiles, 0);

    assert_int_equal(acme_directory_parse(bytes_str(more), &d, &why), 0);
    assert_true(d.eab_required);
    assert_string_equal(d.renewal_info, "https://c/ari");
    assert_string_equal(d.terms, ""); /* none that can be opened */
    assert_int_equal(d.n_caa, 2);
    assert_string_equal(d.caa[1], "b.example");
    assert_int_equal(d.n_profiles, 3);
    assert_string_equal(d.profiles[0].name, "classic");
    assert_string_equal(d.profiles[1].name, "shortlived");
    assert_string_equal(d.profiles[1].about, "six? days");
    assert_string_equal(d.profiles[2].about, "");
}

static void directories_of_many(void **state)
{
    struct acme_directory d;
    const char *why;
    char text[8192];
    size_t len;

    (void) state;
    len = (size_t) snprintf(text, sizeof(text),
                            "{\"newNonce\":\"http://c/n\",\"newAccount\":\"http://c/a\","
                            "\"newOrder\":\"http://c/o\",\"meta\":{\"caaIdentities\":[\"a\"");
    for (int i = 0; i < 40; i++)
        len += (size_t) snprintf(text + len, sizeof(text) - len, ",\"a%d.example\"", i);
    len += (size_t) snprintf(text + len, sizeof(text) - len, "],\"profiles\":{\"a\":\"\"");
    for (int i = 0; i < 40; i++)
        len += (size_t) snprintf(text + len, sizeof(text) - len, ",\"p%d\":\"x\"", i);
    snprintf(text + len, sizeof(text) - len, "}}}");
    assert_int_equal(acme_directory_parse(bytes_str(text), &d, &why), 0);
    assert_int_equal(d.n_caa, ACME_CAA_MAX);
    assert_int_equal(d.n_profiles, ACME_PROFILES_MAX);
}

static void directories_that_are_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "it is empty"},
        {"<html>", "it is no JSON"},
        {"[]", "it is no JSON object"},
        {"{\"a\":1,\"a\":2}", "it is no JSON"},
        {"{}", "newNonce is missing"},
        {"{\"newNonce\":\"https://c/\"}", "newAccount is missing"},
        {"{\"newNonce\":\"https://c/\",\"newAccount\":\"https://c/\",\"newOrder\":null}",
         "newOrder is missing"},
        {"{\"newNonce\":7}", "newNonce is no http://"},
        {"{\"newNonce\":\"/new-nonce\"}", "newNonce is no http://"},
        {"{\"newNonce\":\"https:///x\"}", "newNonce is no http://"},
        {"{\"newNonce\":\"https://c/\\n\"}", "newNonce is no http://"},
        {"{\"newNonce\":\"https://c/\\u00e4\"}", "newNonce is no http://"},
        {"{\"newNonce\":\"https://c/" LONG_1000 LONG_50 "\"}", "newNonce is no http://"},
        {"{\"newNonce\":\"https://c/\",\"newAccount\":\"https://c/\",\"newOrder\":\"https://c/\","
         "\"renewalInfo\":\"x\"}",
         "renewalInfo is no http://"},
    };
    struct acme_directory d = {.n_caa = 77};
    const char *why;

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(acme_directory_parse(bytes_str(cases[i].text), &d, &why), -EBADMSG);
        if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
            fail_msg("%s: %s", cases[i].text, why);
        assert_int_equal(d.n_caa, 77);
    }
    assert_int_equal(acme_directory_parse((struct bytes){.p = NULL}, &d, &why), -EBADMSG);
}

static void bodies_have_a_limit(void **state)
{
    char *text = malloc(ACME_BODY_MAX + 2);
    struct acme_account a;
    const char *why;

    (void) state;
    assert_non_null(text);
    memset(text, ' ', ACME_BODY_MAX + 1);
    memcpy(text, "{\"status\":\"valid\"}", 18);
    assert_int_equal(acme_account_parse(bytes_of(text, ACME_BODY_MAX), &a, &why), 0);
    assert_int_equal(acme_account_parse(bytes_of(text, ACME_BODY_MAX + 1), &a, &why), -EBADMSG);
    assert_string_equal(why, "it is too long");
    free(text);
}

static void accounts(void **state)
{
    struct acme_account a;
    const char *why;

    (void) state;
    /* section 7.1.2 */
    assert_int_equal(
        acme_account_parse(bytes_str("{\"status\":\"valid\",\"contact\":["
                                     "\"mailto:cert-admin@example.org\",\"mailto:admin@example.org"
                                     "\"],\"termsOfServiceAgreed\":true,"
                                     "\"orders\":\"https://example.com/acme/orders/rzGoeA\"}"),
                           &a, &why),
        0);
    assert_int_equal(a.status, ACME_VALID);
    assert_string_equal(a.contact, "mailto:cert-admin@example.org");
    assert_int_equal(acme_account_parse(bytes_str("{\"status\":\"deactivated\"}"), &a, &why), 0);
    assert_int_equal(a.status, ACME_DEACTIVATED);
    assert_string_equal(a.contact, "");
    assert_int_equal(acme_account_parse(bytes_str("{\"status\":\"pending\"}"), &a, &why), -EBADMSG);
    assert_string_equal(why, "status is none that is known");
    assert_int_equal(acme_account_parse(bytes_str("{\"status\":7}"), &a, &why), -EBADMSG);
    assert_string_equal(why, "status is missing");
}

static void orders(void **state)
{
    static const char more[] =
        "{\"status\":\"invalid\",\"identifiers\":[{\"type\":\"ip\",\"value\":\"2001:DB8::1\"},"
        "{\"type\":\"dns\",\"value\":\"*.Example.org\"}],\"authorizations\":[],"
        "\"finalize\":\"https://c/f\",\"profile\":\"shortlived\",\"error\":{\"type\":"
        "\"urn:ietf:params:acme:error:caa\",\"detail\":\"no\"}}";
    struct acme_order o;
    const char *why;

    (void) state;
    assert_int_equal(acme_order_parse(bytes_str(rfc_order), &o, &why), 0);
    assert_int_equal(o.status, ACME_VALID);
    assert_int_equal(o.expires_s, 1453298947);
    assert_int_equal(o.ids.n, 2);
    assert_string_equal(o.ids.list[0].text, "www.example.org");
    assert_int_equal(o.n_authz, 2);
    assert_string_equal(o.authz[1], "https://example.com/acme/authz/r4HqLzrSrpI");
    assert_string_equal(o.finalize, "https://example.com/acme/order/TOlocE8rfgo/finalize");
    assert_string_equal(o.certificate, "https://example.com/acme/cert/jWCdfHVGY2M");
    assert_int_equal(o.problem.type, PROBLEM_NONE);

    assert_int_equal(acme_order_parse(bytes_str(more), &o, &why), 0);
    assert_int_equal(o.expires_s, 0);
    assert_true(o.ids.list[0].is_ip);
    assert_string_equal(o.ids.list[0].text, "2001:db8::1");
    assert_true(o.ids.list[1].is_wildcard);
    assert_int_equal(o.n_authz, 0);
    assert_string_equal(o.certificate, "");
    assert_string_equal(o.profile, "shortlived");
    assert_int_equal(o.problem.type, PROBLEM_CAA);
    assert_non_null(strstr(o.problem.verbatim, "urn:ietf:params:acme:error:caa"));
}

static void orders_that_are_refused(void **state)
{
#define BEFORE "{\"status\":\"pending\",\"identifiers\":[" ID "]"
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"{}", "status is missing"},
        {"{\"status\":\"expired\"}", "status is none"},
        {"{\"status\":\"pending\"}", "identifiers is missing"},
        {"{\"status\":\"pending\",\"identifiers\":[]}", "identifiers is missing"},
        {"{\"status\":\"pending\",\"expires\":\"soon\"}", "expires is no time"},
        {"{\"status\":\"pending\",\"expires\":7}", "expires is no time"},
        {"{\"status\":\"pending\",\"identifiers\":[" ID "," ID "]}", "identifiers has an element"},
        {"{\"status\":\"pending\",\"identifiers\":[7]}", "an identifier is without"},
        {"{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\"}]}",
         "an identifier is without"},
        {"{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" LONG_250
         ".aaaaaaa\"}]}",
         "an identifier is without"},
        {"{\"status\":\"pending\",\"identifiers\":[{\"type\":\"email\",\"value\":\"a@b\"}]}",
         "an identifier has a type"},
        {"{\"status\":\"pending\",\"identifiers\":[{\"type\":\"ip\",\"value\":\"a.example\"}]}",
         "an identifier is no"},
        {"{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"192.0.2.1\"}]}",
         "an identifier is no"},
        {"{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a b\"}]}",
         "an identifier is no"},
        {BEFORE "}", "authorizations is missing"},
        {BEFORE ",\"authorizations\":{}}", "authorizations is missing"},
        {BEFORE ",\"authorizations\":[null]}", "authorizations has an element of null"},
        {BEFORE ",\"authorizations\":[\"x\"]}", "authorizations has what is no"},
        {BEFORE ",\"authorizations\":[\"https://c/1\",\"https://c/1\"]}",
         "authorizations has an element twice"},
        {BEFORE ",\"authorizations\":[]}", "finalize is missing"},
        {BEFORE ",\"authorizations\":[],\"finalize\":\"https://c/\",\"certificate\":\"x\"}",
         "certificate is no http://"},
        {BEFORE ",\"authorizations\":[],\"finalize\":\"https://c/\",\"error\":\"x\"}",
         "error is no problem document"},
    };
#undef BEFORE
    struct acme_order o = {.n_authz = 77};
    const char *why;

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(acme_order_parse(bytes_str(cases[i].text), &o, &why), -EBADMSG);
        if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
            fail_msg("%s: %s", cases[i].text, why);
        assert_int_equal(o.n_authz, 77);
    }
}

/* An order of n names and authorisations. */
static int parse_order_of(size_t n_ids, size_t n_authz, const char **why)
{
    static struct acme_order o;
    char text[8192];
    size_t len = (size_t) snprintf(text, sizeof(text), "{\"status\":\"pending\",\"identifiers\":[");

    for (size_t i = 0; i < n_ids; i++)
        len +=
            (size_t) snprintf(text + len, sizeof(text) - len,
                              "%s{\"type\":\"dns\",\"value\":\"a%zu.example\"}", i ? "," : "", i);
    len += (size_t) snprintf(text + len, sizeof(text) - len,
                             "],\"finalize\":\"https://c/f\",\"authorizations\":[");
    for (size_t i = 0; i < n_authz; i++)
        len += (size_t) snprintf(text + len, sizeof(text) - len, "%s\"https://c/%zu\"",
                                 i ? "," : "", i);
    snprintf(text + len, sizeof(text) - len, "]}");
    return acme_order_parse(bytes_str(text), &o, why);
}

static void orders_have_limits(void **state)
{
    const char *why;

    (void) state;
    assert_int_equal(parse_order_of(ACME_IDS_MAX, ACME_IDS_MAX, &why), 0);
    assert_int_equal(parse_order_of(ACME_IDS_MAX + 1, 1, &why), -EBADMSG);
    assert_string_equal(why, "identifiers has too many elements");
    assert_int_equal(parse_order_of(1, ACME_IDS_MAX + 1, &why), -EBADMSG);
    assert_string_equal(why, "authorizations has too many elements");
}

static void authorisations(void **state)
{
    static const char more[] =
        "{\"status\":\"invalid\",\"wildcard\":true,\"identifier\":" ID ",\"challenges\":["
        "{\"type\":\"dns-persist-01\"},{\"type\":7},{},8,"
        "{\"type\":\"dns-01\",\"url\":\"https://c/1\",\"token\":\"a-_Z9\",\"status\":\"invalid\","
        "\"error\":{\"type\":\"urn:ietf:params:acme:error:dns\",\"detail\":\"none\"}},"
        "{\"type\":\"dns-01\",\"url\":\"https://c/2\",\"token\":\"b\",\"status\":\"pending\"},"
        "{\"type\":\"tls-alpn-01\",\"url\":\"https://c/3\",\"token\":\"c\","
        "\"status\":\"processing\"}]}";
    static struct acme_authz a;
    const char *why;

    (void) state;
    assert_int_equal(acme_authz_parse(bytes_str(rfc_authz), &a, &why), 0);
    assert_int_equal(a.status, ACME_VALID);
    assert_string_equal(a.id.text, "www.example.org");
    assert_false(a.id.is_wildcard);
    assert_int_equal(a.n_challenges, 1);
    assert_int_equal(a.challenges[0].type, CHALLENGE_HTTP_01);
    assert_string_equal(a.challenges[0].token, "DGyRejmCefe7v4NfDGDKfA");

    assert_int_equal(acme_authz_parse(bytes_str(more), &a, &why), 0);
    assert_true(a.id.is_wildcard);
    assert_string_equal(a.id.text, "*.a.example");
    assert_int_equal(a.n_challenges, 2);
    assert_int_equal(a.challenges[0].type, CHALLENGE_DNS_01);
    assert_string_equal(a.challenges[0].url, "https://c/1");
    assert_int_equal(a.challenges[0].problem.type, PROBLEM_DNS);
    assert_string_equal(a.challenges[0].problem.detail, "none");
    assert_int_equal(a.challenges[1].status, ACME_PROCESSING);
}

static void authorisations_that_are_refused(void **state)
{
#define BEFORE "{\"status\":\"pending\",\"identifier\":" ID ",\"challenges\":"
#define CHALLENGE "{\"type\":\"http-01\",\"url\":\"https://c/\",\"status\":\"pending\""
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"{\"status\":\"ready\"}", "status is none"},
        {"{\"status\":\"valid\"}", "an identifier is without"},
        {"{\"status\":\"valid\",\"wildcard\":true,\"identifier\":{\"type\":\"ip\",\"value\":"
         "\"192.0.2.1\"}}",
         "an identifier is no"},
        {"{\"status\":\"valid\",\"identifier\":" ID "}", "challenges is missing"},
        {BEFORE "[{\"type\":\"http-01\"}]}", "status is missing"},
        {BEFORE "[{\"type\":\"http-01\",\"status\":\"expired\"}]}", "status is none"},
        {BEFORE "[{\"type\":\"http-01\",\"status\":\"valid\"}]}", "url is missing"},
        {BEFORE "[" CHALLENGE "}]}", "a challenge is without token"},
        {BEFORE "[" CHALLENGE ",\"token\":\"\"}]}", "a challenge is without token"},
        {BEFORE "[" CHALLENGE ",\"token\":\"../passwd\"}]}", "the token of a challenge has"},
        {BEFORE "[" CHALLENGE ",\"token\":\"a=\"}]}", "the token of a challenge has"},
        {BEFORE "[" CHALLENGE ",\"token\":\"" LONG_250 "aaaaaaa\"}]}",
         "the token of a challenge is longer"},
        {BEFORE "[" CHALLENGE ",\"token\":\"a\",\"error\":7}]}", "error is no problem document"},
        {BEFORE "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
                "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}",
         "challenges has too many elements"},
    };
    static struct acme_authz a;
    const char *why;

    (void) state;
    a.n_challenges = 77;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(acme_authz_parse(bytes_str(cases[i].text), &a, &why), -EBADMSG);
        if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
            fail_msg("%s: %s", cases[i].text, why);
        assert_int_equal(a.n_challenges, 77);
    }
    assert_int_equal(
        acme_authz_parse(bytes_str(BEFORE "[" CHALLENGE ",\"token\":\"" LONG_250 "aaaaaa\"}]}"), &a,
                         &why),
        0);
#undef BEFORE
#undef CHALLENGE
}

static void renewal_information(void **state)
{
    /* RFC 9773 section 4.2 */
    static const char rfc[] =
        "{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\",\"end\":\"2025-01-03T04:00:00Z\"}"
        ",\"explanationURL\":\"https://acme.example.com/docs/ari\"}";
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"{}", "suggestedWindow is missing"},
        {"{\"suggestedWindow\":{}}", "start is no time"},
        {"{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\"}}", "end is no time"},
        {"{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\","
         "\"end\":\"2025-01-02T05:00:00+01:00\"}}",
         "the window ends before"},
    };
    struct acme_renewal_info i = {.start_s = 0};
    const char *why;

    (void) state;
    assert_int_equal(acme_renewal_info_parse(bytes_str(rfc), &i, &why), 0);
    assert_int_equal(i.start_s, 1735790400);
    assert_int_equal(i.end_s, 1735790400 + 86400);
    assert_string_equal(i.explanation, "https://acme.example.com/docs/ari");
    for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
        assert_int_equal(acme_renewal_info_parse(bytes_str(cases[k].text), &i, &why), -EBADMSG);
        assert_memory_equal(why, cases[k].why, strlen(cases[k].why));
        assert_int_equal(i.start_s, 1735790400);
    }
    /* an explanation that cannot be opened does no harm */
    assert_int_equal(
        acme_renewal_info_parse(bytes_str("{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\""
                                          ",\"end\":\"2025-01-02T04:00:01Z\"},"
                                          "\"explanationURL\":\"javascript:alert(1)\"}"),
                                &i, &why),
        0);
    assert_string_equal(i.explanation, "");
}

static void times(void **state)
{
    static const struct {
        const char *text;
        int64_t s;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1985-04-12T23:20:50.52Z", 482196050}, /* RFC 3339 section 5.8 */
        {"1996-12-19T16:39:57-08:00", 851042397},
        {"1990-12-31T23:59:60Z", 662688000},
        {"1990-12-31T15:59:60-08:00", 662688000},
        {"1937-01-01T12:00:27.87+00:20", -1041337173},
        {"2026-11-23t05:00:00.5z", 1795410000},
        {"2000-02-29T00:00:00Z", 951782400},
        {"2024-02-29T23:59:59+23:59", 1709164859},
        {"0000-01-01T00:00:00Z", -62167219200},
        {"9999-12-31T23:59:59Z", 253402300799},
    };
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-23",
        "2026-11-23 05:00:00Z",
        "2026-11-23T05:00:00",
        "2026-11-23T05:00:00.Z",
        "2026-11-23T05:00:00z ",
        "2026-11-23T05:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-04-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+00:60",
        "2026-01-01T00:00:00+0000",
        "2026-01-01T00:00:00+00:00x",
        "+026-01-01T00:00:00Z",
        "2026-1-01T00:00:00Z",
        "12026-01-01T00:00:00Z",
    };
    int64_t s = 77;

    (void) state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(acme_time_parse(good[i].text, &s), 0);
        assert_int_equal(s, good[i].s);
    }
    s = 77;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (acme_time_parse(bad[i], &s) != -EBADMSG)
            fail_msg("%s", bad[i]);
        assert_int_equal(s, 77);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories),
        cmocka_unit_test(directories_of_many),
        cmocka_unit_test(directories_that_are_refused),
        cmocka_unit_test(bodies_have_a_limit),
        cmocka_unit_test(accounts),
        cmocka_unit_test(orders),
        cmocka_unit_test(orders_that_are_refused),
        cmocka_unit_test(orders_have_limits),
        cmocka_unit_test(authorisations),
        cmocka_unit_test(authorisations_that_are_refused),
        cmocka_unit_test(renewal_information),
        cmocka_unit_test(times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
