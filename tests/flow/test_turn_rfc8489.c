/* RFC 8489 sections 5, 6 and 9: the form of messages, how requests and indications are dealt with,
 * long-term credentials. */
#include "turn_rules.h"

/* ---- sections 5 and 6 ---- */

/* A Binding request, to be spoilt before it is sent. */
static size_t build_binding(void)
{
    struct wr w = client_request(&c, STUN_BINDING);
    size_t len;

    assert_int_equal(stun_finish(&w, &len), 0);
    return len;
}

/* Sent as it is in c.tx; a server that answers it would be heard by the next request. */
static void expect_no_answer(size_t len)
{
    client_send(&c, bytes_of(c.tx, len));
    expect_silence();
}

static void answers_have_the_form(void)
{
    struct wr w = client_request(&c, STUN_BINDING);
    const uint8_t *p = c.rx;

    assert_int_equal(client_exchange_unsigned(&c, &w), 0);
    assert_int_equal(p[0] & 0xc0, 0);
    assert_memory_equal(p + 4, "\x21\x12\xa4\x42", 4);
    assert_memory_equal(p + 8, c.tx + 8, STUN_TID_SIZE);
    assert_int_equal(c.reply.raw.len % 4, 0);
    assert_int_equal(p[2] << 8 | p[3], c.reply.raw.len - STUN_HEADER_SIZE);
    assert_int_equal(c.reply.class, STUN_SUCCESS);
    assert_int_equal(c.reply.method, STUN_BINDING);
}

static void first_bits_are_zero(void)
{
    size_t len = build_binding();

    c.tx[0] |= 0x80;
    expect_no_answer(len);
    len = build_binding();
    c.tx[0] |= 0x40;
    expect_no_answer(len);
}

static void wrong_cookie(void)
{
    size_t len = build_binding();

    c.tx[7] ^= 1;
    expect_no_answer(len);
}

static void wrong_length(void)
{
    static const uint8_t lengths[] = {1, 2, 3, 4, 8, 255};

    for (size_t i = 0; i < sizeof(lengths); i++) {
        size_t len = build_binding();

        c.tx[3] = lengths[i];
        expect_no_answer(len);
    }
    expect_no_answer(build_binding() - 1);
}

static void attribute_past_the_end(void)
{
    struct wr w = client_request(&c, STUN_BINDING);
    size_t len;

    stun_put_bytes(&w, (enum stun_attr) UNKNOWN_OPTIONAL, bytes_str("1234"));
    assert_int_equal(stun_finish(&w, &len), 0);
    c.tx[STUN_HEADER_SIZE + 3] = 8;
    expect_no_answer(len);
}

static void expect_no_answer_to(enum stun_class class, enum stun_method method)
{
    static const uint8_t tid[STUN_TID_SIZE] = {1};
    struct wr w = wr_init(c.tx, sizeof(c.tx));
    size_t len;

    stun_begin(&w, class, method, tid);
    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    assert_int_equal(stun_finish(&w, &len), 0);
    expect_no_answer(len);
}

static void unsupported_methods(void)
{
    static const unsigned methods[] = {0x000, 0x002, 0x005, 0x00a, 0x00b, 0x00c, 0x080, 0xfff};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        expect_no_answer_to(STUN_REQUEST, (enum stun_method) methods[i]);
}

static void classes_of_methods(void)
{
    expect_no_answer_to(STUN_REQUEST, STUN_SEND);
    expect_no_answer_to(STUN_REQUEST, STUN_DATA);
    expect_no_answer_to(STUN_INDICATION, STUN_ALLOCATE);
    expect_no_answer_to(STUN_INDICATION, STUN_REFRESH);
    expect_no_answer_to(STUN_INDICATION, STUN_CREATE_PERMISSION);
    expect_no_answer_to(STUN_INDICATION, STUN_CHANNEL_BIND);
    assert_int_equal(n_allocations(&server), 0);
}

static void responses_to_nothing(void)
{
    for (unsigned m = 0; m < 16; m++) {
        expect_no_answer_to(STUN_SUCCESS, (enum stun_method) m);
        expect_no_answer_to(STUN_ERROR, (enum stun_method) m);
    }
}

static void binding_indication(void)
{
    expect_no_answer_to(STUN_INDICATION, STUN_BINDING);
}

static void wrong_fingerprint(void)
{
    struct wr w = client_request(&c, STUN_BINDING);
    size_t len;

    stun_put_fingerprint(&w);
    assert_int_equal(stun_finish(&w, &len), 0);
    c.tx[len - 1] ^= 1;
    expect_no_answer(len);
}

static void right_fingerprint(void)
{
    struct wr w;

    c.fingerprint = true; /* each answer must have one then, a right one */
    w = client_request(&c, STUN_BINDING);
    assert_int_equal(client_exchange_unsigned(&c, &w), 0);
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(client_permit(&c, &media), 0);
    c.fingerprint = false;
    assert_int_equal(client_permit(&c, &media), 0);
}

static unsigned binding_with(const struct attr *attrs, size_t n)
{
    struct wr w = request_with(&c, STUN_BINDING, attrs, n);

    return client_exchange_unsigned(&c, &w);
}

static void optional_is_ignored(void)
{
    const struct attr attrs[] = {ATTR(UNKNOWN_OPTIONAL, "abc")};

    assert_int_equal(binding_with(attrs, 1), 0);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, ATTR(UNKNOWN_OPTIONAL, "x")), 0);
}

static void unexpected_is_ignored(void)
{
    const struct attr attrs[] = {ATTR(STUN_ATTR_LIFETIME, "\0\0\0\1"),
                                 ATTR(STUN_ATTR_EVEN_PORT, "\x80"),
                                 ATTR(STUN_ATTR_USERNAME, "somebody")};

    assert_int_equal(binding_with(attrs, 3), 0);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, ATTR(STUN_ATTR_DATA, "abc")), 0);
}

static void first_of_two_counts(void)
{
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, ATTR(STUN_ATTR_LIFETIME, "\0\0\3\xe8"),
                         ATTR(STUN_ATTR_LIFETIME, "\0\0\7\xd0")),
                     0);
    assert_int_equal(c.reply.lifetime_s, 1000);
}

static void unknown_are_listed(void)
{
    const struct attr attrs[] = {ATTR(0x7ff1, "abc"), ATTR(0x7ff2, ""), ATTR(0x7ff3, "x")};

    assert_int_equal(binding_with(attrs, 1), 420);
    assert_memory_equal(c.reply.raw.p + c.reply.raw.len - 8, "\x00\x0a\x00\x02\x7f\xf1\0\0", 8);
    assert_int_equal(binding_with(attrs, 3), 420);
    assert_memory_equal(c.reply.raw.p + c.reply.raw.len - 12,
                        "\x00\x0a\x00\x06\x7f\xf1\x7f\xf2\x7f\xf3\0\0", 12);
}

static void unknown_comes_after_authentication(void)
{
    const struct attr attrs[] = {UDP_WANTED, ATTR(UNKNOWN_REQUIRED, "")};
    struct wr w = request_with(&c, STUN_ALLOCATE, attrs, 2);

    assert_int_equal(client_exchange_unsigned(&c, &w), 401);
    assert_int_equal(ask_with(&c, STUN_ALLOCATE, attrs, 2), 420);
    assert_int_equal(n_allocations(&server), 0);
}

static void unknown_changes_nothing(void)
{
    assert_int_equal(
        ask(&c, STUN_REFRESH, ATTR(STUN_ATTR_LIFETIME, "\0\0\0\0"), ATTR(UNKNOWN_REQUIRED, "")),
        420);
    assert_int_equal(n_allocations(&server), 1);
}

static void tells_where_it_came_from(void)
{
    struct client six;
    struct wr w = client_request(&c, STUN_BINDING);

    assert_int_equal(client_exchange_unsigned(&c, &w), 0);
    assert_true(addr_eq(&c.reply.xor_mapped, &c.addr));
    open_client(&six, "::1");
    w = client_request(&six, STUN_BINDING);
    assert_int_equal(client_exchange_unsigned(&six, &w), 0);
    assert_true(addr_eq(&six.reply.xor_mapped, &six.addr));
    client_close(&six);
}

/* Nothing about it needs a user, so nobody looks. */
static void binding_with_credentials(void)
{
    static const struct attr user = ATTR(STUN_ATTR_USERNAME, "somebody");
    struct wr w = request_with(&c, STUN_BINDING, &user, 1);

    stun_put_integrity(&w, bytes_str("guess"));
    assert_int_equal(client_exchange_unsigned(&c, &w), 0);
    assert_true(addr_eq(&c.reply.xor_mapped, &c.addr));
    assert_null(c.reply.integrity.p);
}

static void answers_are_signed(void)
{
    struct bytes key = bytes_of(c.key, sizeof(c.key));

    assert_true(stun_integrity_ok(&c.reply, key)); /* of the Allocate */
    assert_int_equal(client_refresh(&c, 600), 0);
    assert_true(stun_integrity_ok(&c.reply, key));
    assert_int_equal(client_permit(&c, &media), 0);
    assert_true(stun_integrity_ok(&c.reply, key));
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_true(stun_integrity_ok(&c.reply, key));
    assert_int_equal(client_bind(&c, 0x3000, &media), 400);
    assert_true(stun_integrity_ok(&c.reply, key)); /* errors, too */
    assert_null(c.reply.username.p);
    assert_null(c.reply.realm.p);
    assert_null(c.reply.nonce.p);
}

/* ---- section 9.2.4 ---- */

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

/* ---- what a stranger's packet can cost ---- */

/* Until the server has answered a Binding request: how many challenges it sent. */
static unsigned challenges(struct client *client)
{
    struct wr w = client_request(client, STUN_BINDING);
    unsigned n = 0;
    size_t len;

    assert_int_equal(stun_finish(&w, &len), 0);
    client_send(client, bytes_of(client->tx, len));
    for (;;) {
        assert_int_equal(stun_decode(client_receive(client), &client->reply), 0);
        if (client->reply.method == STUN_BINDING)
            return n;
        n += client->reply.error_code == 401;
    }
}

static unsigned flood(struct client *client, unsigned n)
{
    static const struct attr udp = UDP_WANTED;
    unsigned answered = 0;
    size_t len;

    for (unsigned i = 0; i < n; i += 20) {
        for (unsigned k = 0; k < 20; k++) {
            struct wr w = request_with(client, STUN_ALLOCATE, &udp, 1);

            assert_int_equal(stun_finish(&w, &len), 0);
            client_send(client, bytes_of(client->tx, len));
        }
        answered += challenges(client);
    }
    return answered;
}

/* The burst, then the rate; one challenge went to rule_setup(). Another network has its own share.
 */
static void strangers_are_limited(void)
{
    struct client other;

    client_open(&other, &server, "127.0.1.1", "127.0.0.1");
    assert_int_equal(flood(&c, 2400), ratelimit_logins.burst - 1);
    assert_int_equal(stats_get(&server.worker.turn.stats, STAT_UNANSWERED), 401);
    assert_int_equal(flood(&c, 100), 0);
    assert_int_equal(flood(&other, 100), 100);
    at_s(1);
    assert_int_equal(flood(&c, 400), ratelimit_logins.per_second);
    client_close(&other);
}

/* Who shows that he received a nonce has another share, and who knows the password uses none. */
static void flood_shuts_nobody_out(void)
{
    client_get_nonce(&c);
    flood(&c, 2400);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 0);
        assert_int_equal(client_refresh(&c, 0), 0);
    }
}

static void allocations_are_not_limited(void)
{
    struct client other;

    open_client(&other, "127.0.0.1");
    flood(&other, 2400);
    assert_int_equal(client_permit(&c, &media), 0);
    strcpy(c.nonce, "stale");
    assert_int_equal(client_refresh(&c, 600), 438);
    assert_int_equal(client_refresh(&c, 600), 0);
    client_close(&other);
}

static void sign(struct wr *w)
{
    stun_put_bytes(w, STUN_ATTR_USERNAME, bytes_str(c.user));
    stun_put_bytes(w, STUN_ATTR_REALM, bytes_str(REALM));
    stun_put_bytes(w, STUN_ATTR_NONCE, bytes_str(c.nonce));
    stun_put_integrity(w, bytes_of(c.key, sizeof(c.key)));
}

static void guesses_are_limited(void)
{
    struct attr udp = UDP_WANTED;
    unsigned answered = 0;
    char user[64];

    strcpy(user, c.user);
    client_set_user(&c, "guess", user);
    for (unsigned i = 0; i < 2400; i += 20) {
        for (unsigned k = 0; k < 20; k++) {
            struct wr w = request_with(&c, STUN_ALLOCATE, &udp, 1);

            sign(&w);
            send_built(&w);
        }
        answered += challenges(&c);
    }
    assert_int_equal(answered, ratelimit_logins.burst);
}

/* The owner of an allocation is answered in any case: how many Bindings were before that. */
static unsigned bindings_until_refreshed(void)
{
    struct wr w = client_request(&c, STUN_REFRESH);
    unsigned n = 0;

    sign(&w);
    send_built(&w);
    for (;;) {
        assert_int_equal(stun_decode(client_receive(&c), &c.reply), 0);
        if (c.reply.method == STUN_REFRESH)
            return n;
        n++;
    }
}

static void bindings_are_limited(void)
{
    unsigned answered = 0;

    for (unsigned i = 0; i < ratelimit_bindings.burst + 200; i += 20) {
        for (unsigned k = 0; k < 20; k++) {
            size_t len = build_binding();

            client_send(&c, bytes_of(c.tx, len));
        }
        answered += bindings_until_refreshed();
    }
    assert_int_equal(answered, ratelimit_bindings.burst);
    assert_int_equal(stats_get(&server.worker.turn.stats, STAT_UNANSWERED), 200);
}

static const struct rule rules[] = {
    {.section = "5",
     .text = "answers: first bits zero, cookie, same id, length a multiple of 4",
     .fn = answers_have_the_form},
    {.section = "6.3",
     .text = "the first two bits are 0, else silently discarded",
     .fn = first_bits_are_zero},
    {.section = "6.3",
     .text = "the magic cookie is right, else silently discarded",
     .fn = wrong_cookie},
    {.section = "6.3",
     .text = "the length is sensible, else silently discarded",
     .fn = wrong_length},
    {.section = "6.3",
     .text = "no attribute runs past the end, else silently discarded",
     .fn = attribute_past_the_end},
    {.section = "6.3",
     .text = "unsupported methods are silently discarded",
     .fn = unsupported_methods},
    {.section = "6.3",
     .text = "classes that a method has not are silently discarded",
     .fn = classes_of_methods},
    {.section = "6.3",
     .text = "responses to no request of ours are silently discarded",
     .fn = responses_to_nothing},
    {.section = "6.3", .text = "a wrong FINGERPRINT: silently discarded", .fn = wrong_fingerprint},
    {.section = "7",
     .text = "FINGERPRINT in the answer when the request has one",
     .fn = right_fingerprint},
    {.section = "6.3",
     .text = "unknown comprehension-optional attributes must be ignored",
     .fn = optional_is_ignored},
    {.section = "6.3",
     .text = "known but unexpected attributes should be ignored",
     .fn = unexpected_is_ignored},
    {.section = "14",
     .text = "of an attribute that comes twice the first counts",
     .fn = first_of_two_counts},
    {.section = "6.3.1",
     .text = "unknown comprehension-required ones: 420, and their list",
     .fn = unknown_are_listed},
    {.section = "6.3.1", .text = "after authentication", .fn = unknown_comes_after_authentication},
    {.section = "6.3.1",
     .text = "such a request has no effect",
     .before = WITH_ALLOCATION,
     .fn = unknown_changes_nothing},
    {.section = "6.3.1",
     .text = "unknown attributes: 420 of each method (Refresh)",
     .before = WITH_ALLOCATION,
     .method = STUN_REFRESH,
     .attrs = {ATTR(UNKNOWN_REQUIRED, "")},
     .code = 420},
    {.section = "6.3.1",
     .text = "unknown attributes: 420 of each method (CreatePermission)",
     .before = WITH_ALLOCATION,
     .method = STUN_CREATE_PERMISSION,
     .attrs = {ATTR(UNKNOWN_REQUIRED, "")},
     .code = 420},
    {.section = "6.3.1",
     .text = "unknown attributes: 420 of each method (ChannelBind)",
     .before = WITH_ALLOCATION,
     .method = STUN_CHANNEL_BIND,
     .attrs = {ATTR(UNKNOWN_REQUIRED, "")},
     .code = 420},
    {.section = "6.3.1",
     .text = "retransmissions: RFC 8656 7.2 (2)",
     .elsewhere = "tests/flow/test_turn_rfc8656_allocate.c:same_transaction_same_answer"},
    {.section = "6.3.1.1",
     .text = "XOR-MAPPED-ADDRESS: where the request came from",
     .fn = tells_where_it_came_from},
    {.section = "6.3.1.1",
     .text = "Binding asks for no credentials and looks at none",
     .fn = binding_with_credentials},
    {.section = "6.3.1.1",
     .text = "authenticated requests have authenticated answers",
     .before = WITH_ALLOCATION,
     .fn = answers_are_signed},
    {.section = "6.3.1.2",
     .text = "the answer goes back the way that the request came",
     .elsewhere = "tests/flow/test_turn.c:test_wildcard_listener"},
    {.section = "6.3.1.2",
     .text = "over TCP, by the same connection",
     .elsewhere = "tests/flow/test_turn_tcp.c:test_binding"},
    {.section = "6.2.2",
     .text = "over TCP messages follow each other, cut anywhere",
     .elsewhere = "tests/flow/test_turn_tcp.c:test_cut_and_glued"},
    {.section = "6.3.2", .text = "a Binding indication has no answer", .fn = binding_indication},
    {.section = "6.3.2",
     .text = "an indication with unknown attributes is discarded",
     .elsewhere = "tests/flow/test_turn_rfc8656_data.c:unknown_is_discarded"},

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

    {.section = "8656 21.1",
     .text = "answers to strangers are limited, for each network",
     .fn = strangers_are_limited},
    {.section = "8656 21.1",
     .text = "a forger does not lock out those whose address he writes",
     .fn = flood_shuts_nobody_out},
    {.section = "8656 21.1",
     .text = "nor those who have an allocation",
     .before = WITH_ALLOCATION,
     .fn = allocations_are_not_limited},
    {.section = "8656 21.1", .text = "guesses of passwords are limited", .fn = guesses_are_limited},
    {.section = "8656 21.1",
     .text = "Binding answers are limited",
     .before = WITH_ALLOCATION,
     .fn = bindings_are_limited},
    {.section = "8656 21.1",
     .text = "answers to strangers are hardly larger than questions",
     .elsewhere = "tests/flow/test_turn.c:test_amplification"},
};

int main(void)
{
    return RUN_RULES("RFC 8489", rules);
}
