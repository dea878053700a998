#include "turn/secrets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_S 1700000000u
#define NAME "1700000001:abcdefgh"

static struct secrets secrets;

static int setup(void **state)
{
    (void) state;
    secrets = (struct secrets){.n = 0};
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    secrets_done(&secrets);
    return 0;
}

static void set(const char *in_force, const char *old)
{
    assert_int_equal(secrets_set(&secrets, in_force, &old, old ? 1 : 0, NOW_S * (uint64_t) 1000),
                     0);
}

/* Would somebody with this secret's password come in? */
static bool is_good(const struct secrets *s, const char *secret, uint64_t expiry_s)
{
    char want[SECRETS_PASSWORD_SIZE], got[SECRETS_PASSWORD_SIZE];
    struct bytes name = bytes_str(NAME);
    uint8_t mac[SHA1_SIZE];
    bool found = false;
    size_t pos = 0;

    assert_int_equal(hmac_sha1(bytes_str(secret), &name, 1, mac), 0);
    assert_int_equal(base64_encode(bytes_of(mac, sizeof(mac)), want, sizeof(want)), 0);
    while (secrets_next_password(s, &pos, name, expiry_s, got))
        found = found || strcmp(got, want) == 0;
    return found;
}

static void test_one(void **state)
{
    char got[SECRETS_PASSWORD_SIZE];
    size_t pos = 0;

    (void) state;
    assert_false(secrets_next_password(&secrets, &pos, bytes_str(NAME), NOW_S, got));
    set("one", NULL);
    assert_true(is_good(&secrets, "one", UINT32_MAX));
    assert_false(is_good(&secrets, "two", NOW_S));
    assert_int_equal(secrets.n, 1);
}

/* The one before stays good for what was given out with it, which is over after a day. */
static void test_the_one_before(void **state)
{
    (void) state;
    set("one", NULL);
    set("one", NULL);
    assert_int_equal(secrets.n, 1);
    set("two", NULL);
    assert_true(is_good(&secrets, "two", UINT32_MAX));
    assert_true(is_good(&secrets, "one", NOW_S + SECRETS_BEFORE_S));
    assert_false(is_good(&secrets, "one", NOW_S + SECRETS_BEFORE_S + 1));
    set("two", NULL); /* read again for another reason */
    assert_true(is_good(&secrets, "one", NOW_S));
    set("three", NULL);
    assert_false(is_good(&secrets, "one", NOW_S));
    assert_true(is_good(&secrets, "two", NOW_S));
    set("two", NULL); /* back again */
    assert_true(is_good(&secrets, "two", UINT32_MAX));
    assert_true(is_good(&secrets, "three", NOW_S));
}

/* Listed ones are good without end, until they are listed no more. */
static void test_listed(void **state)
{
    (void) state;
    set("two", "one");
    assert_true(is_good(&secrets, "two", UINT32_MAX));
    assert_true(is_good(&secrets, "one", UINT32_MAX));
    set("three", "one");
    assert_true(is_good(&secrets, "one", UINT32_MAX));
    assert_true(is_good(&secrets, "two", NOW_S));
    assert_false(is_good(&secrets, "two", UINT32_MAX));
    set("three", "two"); /* the one before is listed now */
    assert_true(is_good(&secrets, "two", UINT32_MAX));
    assert_false(is_good(&secrets, "one", NOW_S));
    set("three", NULL);
    assert_false(is_good(&secrets, "two", NOW_S));
    set("three", "three");
    assert_int_equal(secrets.n, 1);
}

/* Another epoch whenever a secret is less worth than before, else the same. */
static void test_epoch(void **state)
{
    uint32_t epoch;

    (void) state;
    set("one", NULL);
    epoch = secrets.epoch;
    set("one", NULL);
    set("one", "zero");
    assert_int_equal(secrets.epoch, epoch);
    set("one", NULL); /* zero is out */
    assert_int_not_equal(secrets.epoch, epoch);
    epoch = secrets.epoch;
    set("two", NULL); /* one has an end now */
    assert_int_not_equal(secrets.epoch, epoch);
    epoch = secrets.epoch;
    set("two", NULL);
    assert_int_equal(secrets.epoch, epoch);
}

static void test_too_many(void **state)
{
    const char *old[SECRETS_OLD_MAX + 1] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};

    (void) state;
    set("one", NULL);
    assert_int_equal(secrets_set(&secrets, "two", old, SECRETS_OLD_MAX + 1, 0), -ENOSPC);
    assert_true(is_good(&secrets, "one", UINT32_MAX));
    assert_int_equal(secrets_set(&secrets, "two", old, SECRETS_OLD_MAX, 0), 0);
    assert_int_equal(secrets.n, 1 + SECRETS_OLD_MAX + 1);
    for (size_t i = 0; i < SECRETS_OLD_MAX; i++)
        assert_true(is_good(&secrets, old[i], UINT32_MAX));
}

static void test_copy(void **state)
{
    struct secrets copy;

    (void) state;
    set("one", NULL);
    set("two", "zero");
    assert_int_equal(secrets_copy(&secrets, &copy), 0);
    secrets_done(&secrets);
    assert_int_equal(copy.epoch, secrets.epoch);
    assert_true(is_good(&copy, "two", UINT32_MAX));
    assert_true(is_good(&copy, "zero", UINT32_MAX));
    assert_true(is_good(&copy, "one", NOW_S));
    assert_false(is_good(&copy, "one", UINT32_MAX));
    secrets_done(&copy);
}

#define secrets_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        secrets_test(test_one),   secrets_test(test_the_one_before), secrets_test(test_listed),
        secrets_test(test_epoch), secrets_test(test_too_many),       secrets_test(test_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
