/* The samples are RFC 3492's (section 7.1) and names that are in use. */
#include "settings/punycode.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_host(const char *name, const char *wanted)
{
    char buf[256];

    assert_int_equal(punycode_host(name, buf, sizeof(buf)), 0);
    assert_string_equal(buf, wanted);
}

static void test_names(void **state)
{
    (void) state;
    assert_host("example.org", "example.org");
    assert_host("M\xc3\xbcnchen.Example", "xn--mnchen-3ya.example");
    assert_host("b\xc3\xbc"
                "cher.\xc3\xa9\xc3\xa9",
                "xn--bcher-kva.xn--9caa");
    assert_host("\xd0\x9f\xd0\xa0\xd0\x98\xd0\x9c\xd0\x95\xd0\xa0.\xd1\x80\xd1\x84",
                "xn--e1afmkfd.xn--p1ai");
    assert_host("", "");
}

static void test_samples_of_the_rfc(void **state)
{
    (void) state;
    /* (B) Chinese simplified */
    assert_host("\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88\xe4\xb8\x8d\xe8\xaf"
                "\xb4\xe4\xb8\xad\xe6\x96\x87",
                "xn--ihqwcrb4cv8a8dqg056pqjye");
    /* (N) Japanese, mixed with ASCII; small here, the RFC keeps the case */
    assert_host("\xe5\xae\x89\xe5\xae\xa4\xe5\xa5\x88\xe7\xbe\x8e\xe6\x81\xb5-with-super-monkeys",
                "xn---with-super-monkeys-pc58ag80a8qai00g7n9n");
}

static void test_what_is_no_name(void **state)
{
    char buf[16], label[80];

    (void) state;
    assert_int_equal(punycode_host("\xff", buf, sizeof(buf)), -EBADMSG);
    assert_int_equal(punycode_host("\xc3", buf, sizeof(buf)), -EBADMSG);
    assert_int_equal(punycode_host("0123456789abcdef", buf, sizeof(buf)), -ENOSPC);
    memset(label, 'a', 63);
    memcpy(label + 61, "\xc3\xbc", 3); /* 62 characters, but more of them once encoded */
    assert_int_equal(punycode_host(label, (char[256]){0}, 256), -EBADMSG);
    memset(label, 'a', 64);
    label[64] = '\0';
    assert_int_equal(punycode_host(label, (char[256]){0}, 256), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_samples_of_the_rfc),
        cmocka_unit_test(test_what_is_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
