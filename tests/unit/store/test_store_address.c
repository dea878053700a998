#include "store/store_address.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct store_address parsed(const char *text)
{
    struct store_address a = {.place = STORE_MEMORY};
    char why[128] = "";

    if (store_address_parse(text, &a, why, sizeof(why)) != 0)
        fail_msg("%s: %s", text, why);
    assert_true(store_address_check(text, why, sizeof(why)));
    return a;
}

static void places(void **state)
{
    struct store_address a;

    (void) state;
    assert_int_equal(parsed("memory").place, STORE_MEMORY);
    a = parsed("unix:/run/visavis/redis/redis.sock");
    assert_int_equal(a.place, STORE_UNIX);
    assert_string_equal(a.path, "/run/visavis/redis/redis.sock");
    assert_string_equal(parsed("unix:///run/redis.sock").path, "///run/redis.sock");
}

static void servers(void **state)
{
    static const struct {
        const char *text, *host, *user, *password;
        uint16_t port;
        unsigned db;
    } table[] = {
        {"redis://10.0.0.9", "10.0.0.9", "", "", 6379, 0},
        {"redis://10.0.0.9/", "10.0.0.9", "", "", 6379, 0},
        {"redis://redis.example:1/15", "redis.example", "", "", 1, 15},
        {"redis://[2001:db8::1]", "2001:db8::1", "", "", 6379, 0},
        {"redis://[::1]:65535/2", "::1", "", "", 65535, 2},
        {"redis://:secret@h:7000", "h", "", "secret", 7000, 0},
        {"redis://me:p%40ss%25:w/?@h", "h", "me", "p@ss%:w/?", 6379, 0},
        {"redis://:a@b@h", "h", "", "a@b", 6379, 0},
        {"redis://:@h", "h", "", "", 6379, 0},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct store_address a = parsed(table[i].text);

        assert_int_equal(a.place, STORE_TCP);
        assert_string_equal(a.host, table[i].host);
        assert_string_equal(a.user, table[i].user);
        assert_string_equal(a.password, table[i].password);
        assert_int_equal(a.port, table[i].port);
        assert_int_equal(a.db, table[i].db);
    }
}

static void refused(void **state)
{
    static const char *const table[] = {
        "",
        "Memory",
        "unix:",
        "unix:relative",
        "tcp:1.2.3.4:6379",
        "rediss://h",
        "redis:",
        "redis://",
        "redis:///0",
        "redis://:6379",
        "redis://h:",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:1x",
        "redis://h/x",
        "redis://h/-1",
        "redis://h/65536",
        "redis://h/0/1",
        "redis://h h",
        "redis://[::1",
        "redis://[::1]6379",
        "redis://[]",
        "redis://SECRET@h",
        "redis://:SECRET%@h",
        "redis://:SECRET%4@h",
        "redis://:SECRET%zz@h",
        "redis://:SECRET%00@h",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct store_address a = {.port = 7};
        char why[128] = "";

        if (store_address_parse(table[i], &a, why, sizeof(why)) != -EINVAL)
            fail_msg("%s is taken", table[i]);
        assert_int_equal(a.port, 7);
        assert_true(strlen(why) > 10 && strlen(why) < sizeof(why) - 1);
        assert_null(strstr(why, "SECRET"));
        assert_false(store_address_check(table[i], why, sizeof(why)));
    }
}

static void too_long(void **state)
{
    char text[700], a[300], why[128];

    (void) state;
    memset(a, 'a', sizeof(a));
    snprintf(text, sizeof(text), "unix:/%.106s", a);
    assert_true(store_address_check(text, why, sizeof(why)));
    snprintf(text, sizeof(text), "unix:/%.107s", a);
    assert_false(store_address_check(text, why, sizeof(why)));
    snprintf(text, sizeof(text), "redis://%.255s:%.255s@h", a, a);
    assert_true(store_address_check(text, why, sizeof(why)));
    snprintf(text, sizeof(text), "redis://%.256s:b@h", a);
    assert_false(store_address_check(text, why, sizeof(why)));
    snprintf(text, sizeof(text), "redis://b:%.256s@h", a);
    assert_false(store_address_check(text, why, sizeof(why)));
    snprintf(text, sizeof(text), "redis://%.255s", a);
    assert_true(store_address_check(text, why, sizeof(why)));
    snprintf(text, sizeof(text), "redis://%.256s", a);
    assert_false(store_address_check(text, why, sizeof(why)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(servers),
        cmocka_unit_test(refused),
        cmocka_unit_test(too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
