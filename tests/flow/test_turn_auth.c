/* Credentials of RFC 8489 through the whole server: SHA-256 and hidden names on and off, secrets
 * that change, users that are revoked. */
#include "turn_client.h"

#define ALGORITHMS STUN_ALGORITHM_SHA256 STUN_ALGORITHM_MD5

static const uint8_t nonce_key[NONCE_KEY_SIZE] = {1};

static struct server_under_test server;
static struct userhash_table *usernames;
static struct client c;
static uint8_t sha_key[SHA256_SIZE];

static int setup(void **state)
{
    struct turn_config config = default_config("127.0.0.1");

    (void) state;
    server_start(&server, &config);
    server.auth.quota = server.quota;
    client_open(&c, &server, "127.0.0.1", "127.0.0.1");
    assert_int_equal(userhash_table_new(8, REALM, &usernames), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    client_close(&c);
    server_end(&server);
    userhash_table_free(usernames);
    return 0;
}

static void use_sha256(void)
{
    assert_int_equal(auth_use_sha256(&server.auth, usernames, nonce_key), 0);
}

static void make_sha_key(void)
{
    char password[BASE64_SIZE(SHA1_SIZE)];
    struct bytes name = bytes_str(c.user);
    uint8_t mac[SHA1_SIZE];

    assert_int_equal(hmac_sha1(bytes_str(SECRET), &name, 1, mac), 0);
    assert_int_equal(base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password)), 0);
    assert_int_equal(
        stun_long_term_key_sha256(name, bytes_str(REALM), bytes_str(password), sha_key), 0);
}

static struct wr request_of(enum stun_method method)
{
    struct wr w = client_request(&c, method);

    if (method == STUN_ALLOCATE)
        stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    return w;
}

/* As RFC 8489 wants it: hidden name, algorithms, SHA-256. */
static unsigned exchange_sha256(enum stun_method method)
{
    uint8_t hash[STUN_USERHASH_SIZE];
    struct wr w = request_of(method);

    make_sha_key();
    assert_int_equal(stun_userhash(bytes_str(c.user), bytes_str(REALM), hash), 0);
    stun_put_bytes(&w, STUN_ATTR_USERHASH, bytes_of(hash, sizeof(hash)));
    stun_put_bytes(&w, STUN_ATTR_REALM, bytes_str(REALM));
    stun_put_bytes(&w, STUN_ATTR_NONCE, bytes_str(c.nonce));
    stun_put_bytes(&w, STUN_ATTR_PASSWORD_ALGORITHMS, bytes_of(ALGORITHMS, 8));
    stun_put_bytes(&w, STUN_ATTR_PASSWORD_ALGORITHM, bytes_of(STUN_ALGORITHM_SHA256, 4));
    stun_put_integrity_sha256(&w, bytes_of(sha_key, sizeof(sha_key)), SHA256_SIZE);
    return client_exchange_unsigned(&c, &w);
}

static void expect_answer_signed_sha256(void)
{
    assert_null(c.reply.integrity.p);
    assert_true(stun_integrity_sha256_ok(&c.reply, bytes_of(sha_key, sizeof(sha_key))));
}

static void expect_count(enum turn_stat which, uint64_t n)
{
    assert_int_equal(counted(&server, which), n);
}

static void test_challenge(void **state)
{
    (void) state;
    client_get_nonce(&c);
    assert_int_equal(strlen(c.nonce), NONCE_SIZE);
    assert_null(c.reply.password_algorithms.p);
    use_sha256();
    client_get_nonce(&c);
    assert_int_equal(nonce_features(bytes_str(c.nonce)),
                     NONCE_PASSWORD_ALGORITHMS | NONCE_USERNAME_ANONYMITY);
    assert_true(bytes_eq(c.reply.password_algorithms, bytes_of(ALGORITHMS, 8)));
    expect_count(STAT_REFUSED_UNKNOWN, 2);
}

static void test_hidden_name(void **state)
{
    (void) state;
    use_sha256();
    client_get_nonce(&c);
    assert_int_equal(exchange_sha256(STUN_ALLOCATE), 401); /* signaling has not told it */
    assert_true(bytes_eq(c.reply.password_algorithms, bytes_of(ALGORITHMS, 8)));
    assert_true(c.reply.realm.p && c.reply.nonce.p && !c.reply.integrity_sha256.p);
    expect_count(STAT_REFUSED_PASSWORD, 1);
    assert_int_equal(userhash_put(usernames, bytes_str(c.user), START_S), 0);
    assert_int_equal(exchange_sha256(STUN_ALLOCATE), 0);
    expect_answer_signed_sha256();
    assert_int_equal(n_allocations(&server), 1);
    assert_int_equal(exchange_sha256(STUN_REFRESH), 0);
    expect_answer_signed_sha256();
    /* The same user in the old way: the allocation is his. */
    assert_int_equal(client_refresh(&c, 600), 0);
    assert_true(stun_integrity_ok(&c.reply, bytes_of(c.key, sizeof(c.key))));
    assert_null(c.reply.integrity_sha256.p);

    at_s(601);
    assert_int_equal(exchange_sha256(STUN_REFRESH), 438);
    assert_true(bytes_eq(c.reply.password_algorithms, bytes_of(ALGORITHMS, 8)));
    expect_count(STAT_REFUSED_STALE, 1);
}

/* An error after authentication is signed as well. */
static void test_signed_errors(void **state)
{
    (void) state;
    use_sha256();
    assert_int_equal(userhash_put(usernames, bytes_str(c.user), START_S), 0);
    client_get_nonce(&c);
    assert_int_equal(exchange_sha256(STUN_REFRESH), 437);
    expect_answer_signed_sha256();
    assert_int_equal(exchange_sha256(STUN_ALLOCATE), 0);
    assert_int_equal(exchange_sha256(STUN_CREATE_PERMISSION), 400);
    expect_answer_signed_sha256();
}

/* Somebody on the way takes the algorithms out of the challenge, and the bits out of the cookie:
 * the client answers as one of RFC 5389, and learns the truth. */
static void test_bid_down(void **state)
{
    struct wr w;

    (void) state;
    use_sha256();
    client_get_nonce(&c);
    memcpy(c.nonce + strlen("obMatJos2"), "AAAA", 4);
    w = request_of(STUN_ALLOCATE);
    assert_int_equal(client_exchange(&c, &w), 438);
    assert_int_equal(nonce_features(c.reply.nonce),
                     NONCE_PASSWORD_ALGORITHMS | NONCE_USERNAME_ANONYMITY);
    assert_true(bytes_eq(c.reply.password_algorithms, bytes_of(ALGORITHMS, 8)));
    assert_int_equal(n_allocations(&server), 0);

    w = request_of(STUN_ALLOCATE); /* the list alone: the client sends what it got */
    stun_put_bytes(&w, STUN_ATTR_PASSWORD_ALGORITHMS, bytes_of(STUN_ALGORITHM_MD5, 4));
    stun_put_bytes(&w, STUN_ATTR_PASSWORD_ALGORITHM, bytes_of(STUN_ALGORITHM_MD5, 4));
    assert_int_equal(client_exchange(&c, &w), 400);
    assert_true(!c.reply.integrity.p && !c.reply.integrity_sha256.p && !c.reply.realm.p);
    expect_count(STAT_REFUSED_OTHER, 1);
}

/* A server without them does not know these attributes (RFC 8489 section 6.3.1). */
static void test_off(void **state)
{
    struct wr w;

    (void) state;
    client_get_nonce(&c);
    assert_int_equal(exchange_sha256(STUN_ALLOCATE), 401);
    w = request_of(STUN_ALLOCATE);
    stun_put_bytes(&w, STUN_ATTR_PASSWORD_ALGORITHM, bytes_of(STUN_ALGORITHM_SHA256, 4));
    assert_int_equal(client_exchange(&c, &w), 420);
    assert_int_equal(n_allocations(&server), 0);
}

/* The owner's key is kept with the allocation; what ends a secret ends that. */
static void test_secrets_that_change(void **state)
{
    static const char *const old[] = {SECRET};

    (void) state;
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(secrets_set(&server.auth.secrets, "second", old, 1, clock_wall_ms()), 0);
    assert_int_equal(client_refresh(&c, 600), 0);
    assert_int_equal(secrets_set(&server.auth.secrets, "second", NULL, 0, clock_wall_ms()), 0);
    assert_int_equal(client_refresh(&c, 600), 401);
    expect_count(STAT_REFUSED_PASSWORD, 1);
}

/* One whose time is over may go on with what he has; not so one who was revoked. */
static void test_revoked_owner(void **state)
{
    (void) state;
    at_s(DAY_S - 1);
    assert_int_equal(client_allocate(&c), 0);
    at_s(DAY_S + 1);
    assert_int_equal(client_refresh(&c, 600), 0);
    client_close(&c);

    client_open(&c, &server, "127.0.0.1", "127.0.0.1");
    client_set_user(&c, SECRET, "1800000000:gone");
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(client_refresh(&c, 600), 0);
    assert_true(quota_revoke(server.quota, bytes_str(c.user), clock_wall_ms()));
    assert_int_equal(client_refresh(&c, 600), 401);
    expect_count(STAT_REFUSED_EXPIRED, 1);
}

#define flow_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        flow_test(test_challenge),     flow_test(test_hidden_name),
        flow_test(test_signed_errors), flow_test(test_bid_down),
        flow_test(test_off),           flow_test(test_secrets_that_change),
        flow_test(test_revoked_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
