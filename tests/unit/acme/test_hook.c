#include "acme/hook.h"

#include "acme/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void shapes_by_name(void **state)
{
    (void) state;
    assert_int_equal(hook_shape_of("/root/.acme.sh/dnsapi/dns_cf.sh"), HOOK_DNSAPI);
    assert_int_equal(hook_shape_of("dns_1984hosting.sh"), HOOK_DNSAPI);
    assert_int_equal(hook_shape_of("/dns_x.sh/hook"), HOOK_UACME);
    assert_int_equal(hook_shape_of("/etc/uacme/dns_.sh"), HOOK_UACME);
    assert_int_equal(hook_shape_of("/etc/uacme/dns_cf"), HOOK_UACME);
    assert_int_equal(hook_shape_of("/etc/uacme/my_dns_cf.sh"), HOOK_UACME);
    assert_int_equal(hook_shape_of("hook.sh"), HOOK_UACME);
    assert_int_equal(hook_shape_of(""), HOOK_UACME);
}

/* By hand: printf TEXT | openssl dgst -sha256 -binary | basenc --base64url */
static void value_is_the_hash(void **state)
{
    char value[HOOK_VALUE_SIZE];

    (void) state;
    assert_int_equal(hook_value("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA."
                                "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ",
                                value),
                     0);
    assert_string_equal(value, "xdGyW3wkNEjzUzdQf0VhJcAm_td9cXRd0t2VODwDsec");
    assert_int_equal(hook_value("", value), 0);
    assert_string_equal(value, "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
}

static void check_argv(const struct hook_config *c, enum hook_event e, const char *name,
                       const char *const *wanted)
{
    struct acme_id id;
    struct acme_proof proof = {.type = CHALLENGE_DNS_01, .id = &id, .token = "tok"};
    const char *argv[HOOK_ARGV_MAX];
    size_t i;

    assert_int_equal(acme_id_parse(name, &id), 0);
    hook_argv(c, e, &proof, "_acme-challenge.example.org", "value", argv);
    for (i = 0; wanted[i]; i++) {
        assert_non_null(argv[i]);
        assert_string_equal(argv[i], wanted[i]);
    }
    assert_null(argv[i]);
}

static void arguments_of_both_shapes(void **state)
{
    struct hook_config c = {.path = "/h", .dnsapi = "/lib/acme-dnsapi"};

    (void) state;
    check_argv(&c, HOOK_PRESENT, "example.org",
               (const char *[]){"/h", "begin", "dns-01", "example.org", "tok", "value", NULL});
    check_argv(&c, HOOK_WITHDRAW, "*.example.org",
               (const char *[]){"/h", "done", "dns-01", "example.org", "tok", "value", NULL});
    check_argv(&c, HOOK_WITHDRAW_FAILED, "*.example.org",
               (const char *[]){"/h", "failed", "dns-01", "example.org", "tok", "value", NULL});
    c.path = "/d/dns_cf.sh";
    check_argv(&c, HOOK_PRESENT, "*.example.org",
               (const char *[]){"/lib/acme-dnsapi", "add", "/d/dns_cf.sh",
                                "_acme-challenge.example.org", "value", NULL});
    for (int e = HOOK_WITHDRAW; e <= HOOK_WITHDRAW_FAILED; e++)
        check_argv(&c, (enum hook_event) e, "example.org",
                   (const char *[]){"/lib/acme-dnsapi", "rm", "/d/dns_cf.sh",
                                    "_acme-challenge.example.org", "value", NULL});
}

static void last_lines_are_told(void **state)
{
    char buf[HOOK_SAID_SIZE], *big = malloc(5001);

    (void) state;
    assert_string_equal(hook_said(NULL, buf), "");
    assert_string_equal(hook_said("", buf), "");
    assert_string_equal(hook_said("\n\n", buf), "");
    assert_string_equal(hook_said("one\n", buf), "one");
    assert_string_equal(hook_said("one\r\n\r\n\ntwo", buf), "one / two");
    assert_string_equal(hook_said("1\n2\n3\n4\n5\n6\n7\n8\n", buf), "3 / 4 / 5 / 6 / 7 / 8");
    memset(big, 'x', 5000);
    memcpy(big + 4990, "\nthe end!\n", 10);
    big[5000] = '\0';
    hook_said(big, buf);
    assert_true(strlen(buf) < HOOK_SAID_SIZE);
    assert_string_equal(buf + strlen(buf) - 11, " / the end!");
    memset(big, '\n', 5000);
    for (int i = 0; i < 5000; i += 2)
        big[i] = 'y';
    assert_string_equal(hook_said(big, buf), "y / y / y / y / y / y");
    free(big);
}

static void control_characters_are_not(void **state)
{
    char buf[HOOK_SAID_SIZE];

    (void) state;
    assert_string_equal(hook_said("\033[1;31mbad\033[0m key\a\n", buf), "bad key?");
    assert_string_equal(hook_said("\033", buf), "");
    assert_string_equal(hook_said("a\033[", buf), "a");
    assert_string_equal(hook_said("a\033[12", buf), "a");
    assert_string_equal(hook_said("\033]0;t\tx", buf), "0;t?x");
    assert_string_equal(hook_said("schl\xc3\xbcssel \xff", buf), "schl\xc3\xbcssel ?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_by_name),
        cmocka_unit_test(value_is_the_hash),
        cmocka_unit_test(arguments_of_both_shapes),
        cmocka_unit_test(last_lines_are_told),
        cmocka_unit_test(control_characters_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
