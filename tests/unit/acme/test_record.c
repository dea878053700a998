#include "acme/record.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void names(void **state)
{
    char name[RECORD_NAME_SIZE], longest[NAME_TEXT_MAX];
    struct acme_id id;

    (void) state;
    assert_int_equal(acme_id_parse("Example.org", &id), 0);
    assert_int_equal(record_name(&id, name), 0);
    assert_string_equal(name, "_acme-challenge.example.org");
    assert_int_equal(acme_id_parse("*.example.org", &id), 0);
    assert_int_equal(record_name(&id, name), 0);
    assert_string_equal(name, "_acme-challenge.example.org");
    assert_int_equal(acme_id_parse("2001:db8::1", &id), 0);
    assert_int_equal(record_name(&id, name), -EINVAL);

    memset(longest, 'a', sizeof(longest));
    longest[239] = '\0';
    id = (struct acme_id){0};
    memcpy(id.text, longest, 240);
    assert_int_equal(record_name(&id, name), 0);
    assert_int_equal(strlen(name), 255);
    id.text[239] = 'a';
    assert_int_equal(record_name(&id, name), -ENAMETOOLONG);
}

static struct dns_answer answer(int rcode, const char *one, const char *two)
{
    struct dns_answer a = {.rcode = rcode};

    if (one)
        snprintf(a.list[a.n++].text, DNS_TEXT_SIZE, "%s", one);
    if (two)
        snprintf(a.list[a.n++].text, DNS_TEXT_SIZE, "%s", two);
    return a;
}

static enum record_sight judged(struct record_server *s, int error, struct dns_answer a)
{
    record_judge(s, error, &a, "wanted");
    return s->sight;
}

static void what_an_answer_says(void **state)
{
    struct record_server s = {.sight = RECORD_SILENT};

    (void) state;
    assert_int_equal(judged(&s, -ETIMEDOUT, answer(0, NULL, NULL)), RECORD_SILENT);
    assert_int_equal(judged(&s, -ECONNREFUSED, answer(0, "wanted", NULL)), RECORD_SILENT);
    assert_int_equal(s.n_silent, 2);
    assert_int_equal(judged(&s, 0, answer(3, NULL, NULL)), RECORD_ABSENT);
    assert_int_equal(s.n_silent, 0);
    assert_int_equal(judged(&s, 0, answer(0, NULL, NULL)), RECORD_ABSENT);
    assert_int_equal(judged(&s, 0, answer(2, "wanted", NULL)), RECORD_REFUSED);
    assert_int_equal(judged(&s, 0, answer(0, "old", "wanted2")), RECORD_OTHER);
    assert_int_equal(judged(&s, 0, answer(0, "wanted", NULL)), RECORD_SEEN);
    assert_int_equal(judged(&s, 0, answer(0, "of the base name", "wanted")), RECORD_SEEN);
}

/* 192.0.2.<last> */
static struct record_server server(uint8_t last, enum record_sight sight, unsigned n_silent)
{
    struct record_server s = {.sight = sight, .n_silent = n_silent, .rcode = 2, .n_values = 1};

    s.address = (struct addr){.family = AF_INET, .port = 53, .ip = {192, 0, 2, last}};
    return s;
}

static void all_that_answer_must_have_it(void **state)
{
    struct record_server list[] = {server(1, RECORD_SEEN, 0), server(2, RECORD_SEEN, 0)};
    struct record_server resolver = {.sight = RECORD_SILENT, .n_silent = 100};

    (void) state;
    assert_true(record_is_everywhere(list, 2));
    list[1] = server(2, RECORD_ABSENT, 0);
    assert_false(record_is_everywhere(list, 2));
    list[1] = server(2, RECORD_SILENT, RECORD_SILENT_MAX - 1);
    assert_false(record_is_everywhere(list, 2));
    list[1] = server(2, RECORD_SILENT, RECORD_SILENT_MAX);
    assert_true(record_is_everywhere(list, 2));
    list[0] = server(1, RECORD_SILENT, RECORD_SILENT_MAX);
    assert_false(record_is_everywhere(list, 2));
    assert_false(record_is_everywhere(list, 0));
    assert_false(record_is_everywhere(&resolver, 1));
    resolver.sight = RECORD_SEEN;
    assert_true(record_is_everywhere(&resolver, 1));
}

static void report(void **state)
{
    struct record_server list[] = {server(1, RECORD_SEEN, 0), server(2, RECORD_OTHER, 0),
                                   server(3, RECORD_REFUSED, 0), server(4, RECORD_SILENT, 1),
                                   server(5, RECORD_ABSENT, 0)};
    struct record_server resolver = {.sight = RECORD_ABSENT};
    char buf[512], small[16];

    (void) state;
    assert_string_equal(record_report(list, 5, buf, sizeof(buf)),
                        "192.0.2.1 has it; 192.0.2.2 has 1 other value alone; 192.0.2.3 answers "
                        "with the error 2 (SERVFAIL); 192.0.2.4 does not answer; 192.0.2.5 has no "
                        "TXT record there");
    assert_string_equal(record_report(&resolver, 1, buf, sizeof(buf)),
                        "the resolver has no TXT record there");
    list[0].sight = RECORD_OTHER;
    list[0].n_values = 2;
    assert_string_equal(record_report(list, 1, buf, sizeof(buf)),
                        "192.0.2.1 has 2 other values alone");
    assert_true(strlen(record_report(list, 5, small, sizeof(small))) < sizeof(small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(what_an_answer_says),
        cmocka_unit_test(all_that_answer_must_have_it),
        cmocka_unit_test(report),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
