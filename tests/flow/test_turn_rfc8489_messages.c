/* RFC 8489 sections 5 and 6: the form of messages, how requests and indications are dealt with. */
#include "turn_rules.h"

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

    c.tx[1] = STUN_ALLOCATE;
    c.tx[7] ^= 1;
    expect_no_answer(len);
}

/* RFC 5389 section 12.2. */
static void no_cookie_in_a_binding_request(void)
{
    size_t len = build_binding();
    uint8_t id[16];
    struct bytes reply;

    c.tx[7] ^= 1;
    memcpy(id, c.tx + 4, sizeof(id));
    client_send(&c, bytes_of(c.tx, len));
    reply = client_receive(&c);
    assert_int_equal(reply.len, 32);
    assert_memory_equal(reply.p + 4, id, sizeof(id));
    assert_int_equal(reply.p[21], STUN_ATTR_MAPPED_ADDRESS);
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
    {.section = "11",
     .text = "a Binding request without it is of an RFC 3489 client: MAPPED-ADDRESS in the answer",
     .fn = no_cookie_in_a_binding_request},
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
};

int main(void)
{
    return RUN_RULES("8489 ", rules);
}
