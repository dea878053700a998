#include "acme/caa.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char issuers[2][256] = {"ca.example", "ca.test"};
static const enum acme_challenge_type types[] = {CHALLENGE_HTTP_01, CHALLENGE_DNS_01};

struct row {
    struct {
        const char *tag, *value;
        bool critical;
    } records[4];
    enum caa_result host, wildcard;
    const char *text; /* of the host's */
};

#define ANY_BLANK "\t "

static const struct row rows[] = {
    {{{0}}, CAA_ALLOWED, CAA_ALLOWED, ""},
    {{{"issue", "ca.example", false}}, CAA_ALLOWED, CAA_ALLOWED, ""},
    {{{"issue", ANY_BLANK "CA.Test" ANY_BLANK ";" ANY_BLANK, false}}, CAA_ALLOWED, CAA_ALLOWED, ""},
    {{{"issue", "other.example", false}, {"issue", "ca.test", false}},
     CAA_ALLOWED,
     CAA_ALLOWED,
     ""},
    {{{"issue", "other.example", false}, {"issue", "third.example", false}},
     CAA_OTHER_ISSUERS,
     CAA_OTHER_ISSUERS,
     "\"other.example\", \"third.example\""},
    {{{"issue", ";", false}}, CAA_OTHER_ISSUERS, CAA_OTHER_ISSUERS, ""},
    {{{"issue", "", false}}, CAA_OTHER_ISSUERS, CAA_OTHER_ISSUERS, ""},
    {{{"issue", "notca.example", false}},
     CAA_OTHER_ISSUERS,
     CAA_OTHER_ISSUERS,
     "\"notca.example\""},
    {{{"issue", "ca.example%", false}}, CAA_OTHER_ISSUERS, CAA_OTHER_ISSUERS, "\"ca.example%\""},
    {{{"issue", "ca.example; broken", false}},
     CAA_OTHER_ISSUERS,
     CAA_OTHER_ISSUERS,
     "\"ca.example; broken\""},
    {{{"issuewild", "other.example", false}}, CAA_ALLOWED, CAA_OTHER_ISSUERS, ""},
    {{{"issue", ";", false}, {"issuewild", "ca.test", false}}, CAA_OTHER_ISSUERS, CAA_ALLOWED, ""},
    {{{"iodef", "mailto:a@b.example", true}}, CAA_ALLOWED, CAA_ALLOWED, ""},
    {{{"issue", "ca.example", false}, {"tbs", "x", false}}, CAA_ALLOWED, CAA_ALLOWED, ""},
    {{{"issue", "ca.example", false}, {"tbs", "x", true}}, CAA_UNKNOWN, CAA_UNKNOWN, "tbs"},
    {{{"issue", "ca.example; validationmethods=tls-alpn-01", false}},
     CAA_OTHER_METHODS,
     CAA_OTHER_METHODS,
     "\"ca.example; validationmethods=tls-alpn-01\""},
    {{{"issue", "ca.example; validationmethods=tls-alpn-01,http-01; x=y", false}},
     CAA_ALLOWED,
     CAA_ALLOWED,
     ""},
    {{{"issue", "ca.example; validationmethods=", false}},
     CAA_OTHER_METHODS,
     CAA_OTHER_METHODS,
     "\"ca.example; validationmethods=\""},
    {{{"issue", "ca.example;accounturi=https://ca.example/1", false}},
     CAA_ALLOWED,
     CAA_ALLOWED,
     ""},
    {{{"issue", "ca.example;accounturi=https://ca.example/2", false}},
     CAA_OTHER_ACCOUNT,
     CAA_OTHER_ACCOUNT,
     "\"ca.example;accounturi=https://ca.example/2\""},
};

static void judged(void **state)
{
    struct caa_request rq = {false, issuers, 2, types, 2, "https://ca.example/1"};

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        struct dns_answer a = {0};
        char text[256];

        for (; a.n < 4 && r->records[a.n].tag; a.n++) {
            struct dns_record *to = &a.list[a.n];

            to->type = DNS_CAA;
            to->critical = r->records[a.n].critical;
            snprintf(to->tag, sizeof(to->tag), "%s", r->records[a.n].tag);
            snprintf(to->text, sizeof(to->text), "%s", r->records[a.n].value);
        }
        rq.wildcard = true;
        if (caa_judge(&a, &rq, text, sizeof(text)) != r->wildcard)
            fail_msg("row %zu, wildcard", i);
        rq.wildcard = false;
        if (caa_judge(&a, &rq, text, sizeof(text)) != r->host)
            fail_msg("row %zu", i);
        if (r->host != CAA_ALLOWED)
            assert_string_equal(text, r->text);
    }
}

/* What is not known yet forbids nothing. */
static void without_account_and_types(void **state)
{
    struct caa_request rq = {.issuers = issuers, .n_issuers = 2};
    struct dns_answer a = {.n = 1, .list[0] = {.type = DNS_CAA, .tag = "issue"}};
    char text[8];

    (void) state;
    snprintf(a.list[0].text, sizeof(a.list[0].text),
             "ca.test; accounturi=https://x.example; validationmethods=none");
    assert_int_equal(caa_judge(&a, &rq, text, sizeof(text)), CAA_ALLOWED);
    snprintf(a.list[0].text, sizeof(a.list[0].text), "a-long-name.example");
    assert_int_equal(caa_judge(&a, &rq, text, sizeof(text)), CAA_OTHER_ISSUERS);
    assert_int_equal(strlen(text), sizeof(text) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judged),
        cmocka_unit_test(without_account_and_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
