#include "base/crypto.h"
#include "turn/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS 5000
#define WALL_MS 1700000000000u
#define LATER "1700000001:abcdefgh"
#define OVER "1700000000:abcdefgh"

static struct auth auth;
static struct addr client;
static char nonce[NONCE_SIZE + 1];

static int setup(void **state)
{
    (void) state;
    assert_int_equal(auth_init(&auth, "s3cret", "visavis", (const uint8_t[NONCE_KEY_SIZE]){1}), 0);
    assert_int_equal(addr_parse_ip("192.0.2.1", 4000, &client), 0);
    nonce_make(auth.nonce_key, &client, NOW_MS, nonce);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    auth_done(&auth);
    return 0;
}

/* What a client holds: the password that signaling gave it. */
static void client_key(const char *secret, const char *user, const char *realm, uint8_t ret[16])
{
    struct bytes u = bytes_str(user);
    uint8_t mac[SHA1_SIZE];
    char password[BASE64_SIZE(SHA1_SIZE)];

    assert_int_equal(hmac_sha1(bytes_str(secret), &u, 1, mac), 0);
    assert_int_equal(base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password)), 0);
    assert_int_equal(stun_long_term_key(u, bytes_str(realm), bytes_str(password), ret), 0);
}

/* NULL leaves an attribute out. */
static enum auth_verdict check(const char *secret, const char *user, const char *realm,
                               const char *with_nonce, uint8_t ret_key[16])
{
    static const uint8_t tid[STUN_TID_SIZE];
    static uint8_t buf[1024];
    struct wr w = wr_init(buf, sizeof(buf));
    uint8_t key[16];
    struct stun m;
    size_t len;

    stun_begin(&w, STUN_REQUEST, STUN_ALLOCATE, tid);
    if (user)
        stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(user));
    if (realm)
        stun_put_bytes(&w, STUN_ATTR_REALM, bytes_str(realm));
    if (with_nonce)
        stun_put_bytes(&w, STUN_ATTR_NONCE, bytes_str(with_nonce));
    if (secret) {
        client_key(secret, user ? user : "", realm ? realm : "", key);
        stun_put_integrity(&w, bytes_of(key, sizeof(key)));
    }
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
    return auth_check(&auth, &m, &client, NOW_MS, WALL_MS, ret_key);
}

static void test_right(void **state)
{
    uint8_t key[16], want[16];

    (void) state;
    assert_int_equal(check("s3cret", LATER, "visavis", nonce, key), AUTH_OK);
    client_key("s3cret", LATER, "visavis", want);
    assert_memory_equal(key, want, sizeof(key));
    assert_int_equal(check("s3cret", "1700000001", "visavis", nonce, key), AUTH_OK);
}

static void test_expired(void **state)
{
    uint8_t key[16];

    (void) state;
    assert_int_equal(check("s3cret", OVER, "visavis", nonce, key), AUTH_EXPIRED);
    assert_int_equal(check("s3cret", "0:a", "visavis", nonce, key), AUTH_EXPIRED);
    assert_int_equal(check("wrong", OVER, "visavis", nonce, key), AUTH_WRONG);
}

static void test_incomplete(void **state)
{
    uint8_t key[16];

    (void) state;
    assert_int_equal(check(NULL, NULL, NULL, NULL, key), AUTH_NONE);
    assert_int_equal(check(NULL, LATER, "visavis", nonce, key), AUTH_NONE);
    assert_int_equal(check("s3cret", NULL, "visavis", nonce, key), AUTH_INCOMPLETE);
    assert_int_equal(check("s3cret", LATER, NULL, nonce, key), AUTH_INCOMPLETE);
    assert_int_equal(check("s3cret", LATER, "visavis", NULL, key), AUTH_INCOMPLETE);
}

static void test_wrong(void **state)
{
    static const char *const users[] = {"",
                                        ":",
                                        "alice",
                                        "alice:1700000001",
                                        "1700000001x:a",
                                        "-1:a",
                                        "99999999999999999999:a",
                                        " 1700000001:a"};
    uint8_t key[16];

    (void) state;
    assert_int_equal(check("wrong", LATER, "visavis", nonce, key), AUTH_WRONG);
    assert_int_equal(check("s3cret", LATER, "elsewhere", nonce, key), AUTH_WRONG);
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
        assert_int_equal(check("s3cret", users[i], "visavis", nonce, key), AUTH_WRONG);
}

static void test_stale(void **state)
{
    char old[NONCE_SIZE + 1];
    uint8_t key[16];

    (void) state;
    assert_int_equal(check("s3cret", LATER, "visavis", "AAAAAAAAAAAAAAAAAAAAAAAA", key),
                     AUTH_STALE);
    assert_int_equal(check("wrong", LATER, "visavis", "AAAAAAAAAAAAAAAAAAAAAAAA", key), AUTH_WRONG);
    nonce_make(auth.nonce_key, &client, NOW_MS + 1, old);
    assert_int_equal(check("s3cret", LATER, "visavis", old, key), AUTH_STALE);
}

static void set_secret(const char *secret)
{
    auth_set_secret(&auth, strdup(secret), WALL_MS);
}

/* What was given out with the secret before stays good until it expires, but no longer. */
static void test_another_secret(void **state)
{
    uint8_t key[16], want[16];
    char too_late[64];

    (void) state;
    set_secret("s3cret"); /* the same: nothing is old */
    assert_null(auth.old_secret);
    set_secret("second");
    assert_int_equal(check("second", LATER, "visavis", nonce, key), AUTH_OK);
    assert_int_equal(check("s3cret", LATER, "visavis", nonce, key), AUTH_OK);
    client_key("s3cret", LATER, "visavis", want);
    assert_memory_equal(key, want, sizeof(key));
    assert_int_equal(check("s3cret", OVER, "visavis", nonce, key), AUTH_EXPIRED);
    snprintf(too_late, sizeof(too_late), "%llu:x", WALL_MS / 1000ull + AUTH_OLD_S);
    assert_int_equal(check("s3cret", too_late, "visavis", nonce, key), AUTH_OK);
    snprintf(too_late, sizeof(too_late), "%llu:x", WALL_MS / 1000ull + AUTH_OLD_S + 1);
    assert_int_equal(check("s3cret", too_late, "visavis", nonce, key), AUTH_WRONG);
    assert_int_equal(check("second", too_late, "visavis", nonce, key), AUTH_OK);
    set_secret("second");
    assert_int_equal(check("s3cret", LATER, "visavis", nonce, key), AUTH_OK);
    set_secret("third");
    assert_int_equal(check("s3cret", LATER, "visavis", nonce, key), AUTH_WRONG);
    assert_int_equal(check("second", LATER, "visavis", nonce, key), AUTH_OK);
    set_secret("s3cret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),      cmocka_unit_test(test_expired),
        cmocka_unit_test(test_incomplete), cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_stale),      cmocka_unit_test(test_another_secret),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
