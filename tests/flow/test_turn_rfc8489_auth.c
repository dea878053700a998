/* RFC 8489 section 9: long-term credentials. */
#include "turn_rules.h"

static void expect_challenge(unsigned code)
{
    assert_int_equal(c.reply.error_code, code);
    assert_true(bytes_eq_str(c.reply.realm, REALM));
    assert_non_null(c.reply.nonce.p);
    assert_true(c.reply.nonce.len > 0);
    assert_null(c.reply.username.p);
    assert_null(c.reply.userhash.p);
    assert_null(c.reply.integrity.p);
    assert_null(c.reply.integrity_sha256.p);
}

static void challenge(void)
{
    client_get_nonce(&c);
    expect_challenge(401);
}

static void nonces_are_of_one_client(void)
{
    struct client other;

    client_get_nonce(&c);
    open_client(&other, "127.0.0.1"); /* the same address, another port */
    client_get_nonce(&other);
    assert_string_not_equal(c.nonce, other.nonce);
    strcpy(other.nonce, c.nonce);
    assert_int_equal(ask(&other, STUN_ALLOCATE, UDP_WANTED), 438);
    client_close(&other);
}

enum part { NAME = 1, NAME_OF_REALM = 2, NONCE = 4 };

static unsigned allocate_with_parts(unsigned parts)
{
    struct wr w = client_request(&c, STUN_ALLOCATE);

    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    if (parts & NAME)
        stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(c.user));
    if (parts & NAME_OF_REALM)
        stun_put_bytes(&w, STUN_ATTR_REALM, bytes_str(REALM));
    if (parts & NONCE)
        stun_put_bytes(&w, STUN_ATTR_NONCE, bytes_str(c.nonce));
    stun_put_integrity(&w, bytes_of(c.key, sizeof(c.key)));
    return client_exchange_unsigned(&c, &w);
}

static void parts_are_missing(void)
{
    for (unsigned parts = 0; parts < (NAME | NAME_OF_REALM | NONCE); parts++) {
        assert_int_equal(allocate_with_parts(parts), 400);
        assert_null(c.reply.realm.p);
        assert_null(c.reply.nonce.p);
        assert_null(c.reply.username.p);
        assert_null(c.reply.integrity.p);
    }
    assert_int_equal(allocate_with_parts(NAME | NAME_OF_REALM | NONCE), 0);
}

static void unknown_user(void)
{
    client_set_user(&c, SECRET, "alice");
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 401);
    expect_challenge(401);
}

static void wrong_password(void)
{
    char user[64];

    strcpy(user, c.user);
    client_set_user(&c, "guess", user);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 401);
    expect_challenge(401);
    assert_int_equal(n_allocations(&server), 0);
}

static void user_is_over(void)
{
    char user[64];

    snprintf(user, sizeof(user), "%u:over", START_S - 1);
    client_set_user(&c, SECRET, user);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 401);
    expect_challenge(401);
}

static void wrong_password_of_an_owner(void)
{
    char user[64];

    strcpy(user, c.user);
    client_set_user(&c, "guess", user);
    assert_int_equal(client_refresh(&c, 0), 401);
    expect_challenge(401);
    assert_int_equal(n_allocations(&server), 1);
}

static void nonce_is_stale(void)
{
    at_s(601);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 438);
    assert_true(bytes_eq_str(c.reply.realm, REALM));
    assert_non_null(c.reply.nonce.p);
    assert_null(c.reply.username.p);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 0); /* the new nonce is valid */
}

static void password_comes_before_nonce(void)
{
    char user[64];

    strcpy(user, c.user);
    client_set_user(&c, "guess", user);
    strcpy(c.nonce, "stale");
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 401);
}

static void wrong_realm(void)
{
    struct wr w = client_request(&c, STUN_ALLOCATE);

    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(c.user));
    stun_put_bytes(&w, STUN_ATTR_REALM, bytes_str("elsewhere"));
    stun_put_bytes(&w, STUN_ATTR_NONCE, bytes_str(c.nonce));
    stun_put_integrity(&w, bytes_of(c.key, sizeof(c.key)));
    assert_int_equal(client_exchange_unsigned(&c, &w), 401);
}

/* Section 14.5: what follows the signature does not count. */
static void behind_the_signature(void)
{
    struct wr w = client_request(&c, STUN_ALLOCATE);

    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(c.user));
    stun_put_bytes(&w, STUN_ATTR_REALM, bytes_str(REALM));
    stun_put_bytes(&w, STUN_ATTR_NONCE, bytes_str(c.nonce));
    stun_put_integrity(&w, bytes_of(c.key, sizeof(c.key)));
    stun_put_u32(&w, STUN_ATTR_LIFETIME, 1000);
    stun_put_bytes(&w, (enum stun_attr) UNKNOWN_REQUIRED, bytes_of(NULL, 0));
    assert_int_equal(client_exchange_unsigned(&c, &w), 0);
    assert_int_equal(c.reply.lifetime_s, 600);
}

static void indications_are_not_authenticated(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    client_send_indication(&c, &media, "hello");
    expect_at(media_fd, "hello", &relayed);
}

static const struct rule rules[] = {
    {.section = "9.2.4",
     .text = "no signature: must be 401 with REALM and NONCE, no user, unsigned",
     .fn = challenge},
    {.section = "9.2.4",
     .text = "a NONCE must not be another client's",
     .fn = nonces_are_of_one_client},
    {.section = "9.2.4",
     .text = "USERNAME, REALM or NONCE missing: must be 400, without any",
     .fn = parts_are_missing},
    {.section = "9.2.4",
     .text = "no valid USERNAME: must be 401 with REALM and NONCE",
     .fn = unknown_user},
    {.section = "9.2.4",
     .text = "a wrong signature: must be 401 with REALM and NONCE",
     .fn = wrong_password},
    {.section = "9.2.4",
     .text = "a wrong signature: 401 for the owner's address, too",
     .before = WITH_ALLOCATION,
     .fn = wrong_password_of_an_owner},
    {.section = "9.2.4", .text = "a user name whose time is over: 401", .fn = user_is_over},
    {.section = "9.2.4",
     .text = "an allocation outlives its user name's time",
     .elsewhere = "tests/flow/test_turn.c:test_allocation_outlives_its_token"},
    {.section = "9.2.4",
     .text = "a NONCE no longer valid: must be 438 with REALM and a valid NONCE",
     .fn = nonce_is_stale},
    {.section = "9.2.4",
     .text = "the signature is checked before the NONCE",
     .fn = password_comes_before_nonce},
    {.section = "9.2.4", .text = "another REALM: 401", .fn = wrong_realm},
    {.section = "14.5",
     .text = "attributes behind the signature are ignored",
     .fn = behind_the_signature},
    {.section = "9.2",
     .text = "indications are not authenticated",
     .before = WITH_ALLOCATION,
     .fn = indications_are_not_authenticated},
    {.section = "9.2",
     .text = "nonce cookie and security features, when they are on",
     .elsewhere = "tests/unit/turn/test_nonce.c:test_cookie"},
    {.section = "9.2.1",
     .text = "bid-down attacks are found",
     .elsewhere = "tests/flow/test_turn_auth.c:test_bid_down"},
    {.section = "9.2.4",
     .text = "PASSWORD-ALGORITHMS in 401 and 438, when they are on",
     .elsewhere = "tests/flow/test_turn_auth.c:test_challenge"},
    {.section = "9.2.4",
     .text = "USERHASH in place of USERNAME, when it is on",
     .elsewhere = "tests/flow/test_turn_auth.c:test_hidden_name"},
    {.section = "9.2.4",
     .text = "MESSAGE-INTEGRITY-SHA256 in answers, when it is on",
     .elsewhere = "tests/flow/test_turn_auth.c:test_signed_errors"},
};

int main(void)
{
    return RUN_RULES("8489 ", rules);
}
