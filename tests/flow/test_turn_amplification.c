/* What strangers get from us: whoever writes somebody else's address into his datagrams must gain
 * little by it. Over real sockets, both families. */
#include "turn_client.h"

static struct server_under_test server;
static struct client c;

struct place {
    const char *ip;
    unsigned binding; /* tenths of what was asked with that a Binding answer may have */
    struct addr alternate;
};

#define CHALLENGE 25 /* the same for all others */

static struct place places[] = {
    {.ip = "127.0.0.1", .binding = 16},
    {.ip = "::1", .binding = 22},
    {.ip = "127.0.0.1", .binding = 16, .alternate = {AF_INET, 3478, 0, {192, 0, 2, 1}}},
    {.ip = "::1", .binding = 22, .alternate = {AF_INET6, 3478, 0, {0x20, 1, 0xd, 0xb8, [15] = 1}}},
};

static int setup(void **state)
{
    const struct place *at = *state;
    struct turn_config config = default_config(at->ip);

    config.alternate_server = at->alternate;
    server_start(&server, &config);
    client_open(&c, &server, at->ip, at->ip);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    client_close(&c);
    server_end(&server);
    return 0;
}

/* All bytes that come back for this message; what comes for the Binding request behind it is none
 * of them. */
static size_t answer_size(struct bytes message)
{
    struct wr w;
    uint8_t tid[STUN_TID_SIZE];
    size_t len, n = 0;

    client_send(&c, message);
    w = client_request(&c, STUN_BINDING);
    assert_int_equal(stun_finish(&w, &len), 0);
    memcpy(tid, c.tx + 8, sizeof(tid));
    client_send(&c, bytes_of(c.tx, len));
    for (;;) {
        struct bytes answer = client_receive(&c);

        assert_true(answer.len >= STUN_HEADER_SIZE);
        if (memcmp(answer.p + 8, tid, sizeof(tid)) == 0)
            return n;
        n += answer.len;
    }
}

/* ---- requests that are well-formed ---- */

static const enum stun_method methods[] = {STUN_BINDING, STUN_ALLOCATE, STUN_REFRESH,
                                           STUN_CREATE_PERMISSION, STUN_CHANNEL_BIND};
#define N_METHODS (sizeof(methods) / sizeof(methods[0]))

/* Attributes that a request may have; bit n of a choice takes the n-th. */
static void put_requested_transport(struct wr *w)
{
    stun_put_u32(w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
}

static void put_unknown(struct wr *w)
{
    stun_put_bytes(w, (enum stun_attr) 0x7fff, bytes_of(NULL, 0));
    stun_put_bytes(w, (enum stun_attr) 0x7ffe, bytes_of(NULL, 0));
    stun_put_bytes(w, (enum stun_attr) 0x7ffd, bytes_of(NULL, 0));
}

static void put_dont_fragment(struct wr *w)
{
    stun_put_bytes(w, STUN_ATTR_DONT_FRAGMENT, bytes_of(NULL, 0));
}

static void put_even_port(struct wr *w)
{
    stun_put_bytes(w, STUN_ATTR_EVEN_PORT, bytes_of("\x80", 1));
}

static void put_lifetime(struct wr *w)
{
    stun_put_u32(w, STUN_ATTR_LIFETIME, 600);
}

static void put_peer(struct wr *w)
{
    stun_put_channel(w, 0x4000);
    stun_put_xor_addr(w, STUN_ATTR_XOR_PEER_ADDRESS, &c.addr);
}

static void put_username(struct wr *w)
{
    stun_put_bytes(w, STUN_ATTR_USERNAME, bytes_str("a"));
}

static void put_signature(struct wr *w)
{
    stun_put_integrity(w, bytes_str("guessed"));
}

static void put_fingerprint(struct wr *w)
{
    stun_put_fingerprint(w);
}

static void (*const attributes[])(struct wr *w) = {put_requested_transport,
                                                   put_unknown,
                                                   put_dont_fragment,
                                                   put_even_port,
                                                   put_lifetime,
                                                   put_peer,
                                                   put_username,
                                                   put_signature,
                                                   put_fingerprint};
#define N_CHOICES (1u << (sizeof(attributes) / sizeof(attributes[0])))

static void expect_small(const struct place *at, enum stun_method method, unsigned choice)
{
    uint8_t request[512];
    struct wr w = client_request(&c, method);
    size_t len, answer, max = method == STUN_BINDING ? at->binding : CHALLENGE;

    for (unsigned i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        if (choice & 1u << i)
            attributes[i](&w);
    }
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_true(len <= sizeof(request));
    memcpy(request, c.tx, len);
    answer = answer_size(bytes_of(request, len));
    if (answer * 10 > len * max)
        fail_msg("%s: %zu bytes for %zu, method %x, attributes %x", at->ip, answer, len, method,
                 choice);
}

/* Before a limit is reached that keeps us silent. */
static void test_requests(void **state)
{
    for (size_t i = 0; i < N_METHODS; i++) {
        for (unsigned choice = 0; choice < N_CHOICES; choice++) {
            at_s(i * N_CHOICES + choice);
            expect_small(*state, methods[i], choice);
        }
    }
    assert_int_equal(n_allocations(&server), 0);
}

/* The address is that of a client whose allocation is there. */
static void test_requests_in_the_name_of_a_client(void **state)
{
    assert_int_equal(client_allocate(&c), 0);
    for (size_t i = 0; i < N_METHODS; i++) {
        for (unsigned choice = 0; choice < N_CHOICES; choice++)
            expect_small(*state, methods[i], choice);
    }
    assert_int_equal(n_allocations(&server), 1);
}

/* It is not silence that makes the tests above pass. */
static void test_answers_come(void **state)
{
    const struct place *at = *state;
    struct wr w = client_request(&c, STUN_BINDING);

    assert_int_equal(client_exchange_unsigned(&c, &w), 0);
    assert_int_equal(c.reply.raw.len, 2 * at->binding);
    w = client_request(&c, STUN_ALLOCATE);
    put_requested_transport(&w);
    assert_int_equal(client_exchange_unsigned(&c, &w), 401);
    assert_int_equal(c.reply.error_reason.len, 0);
    w = client_request(&c, STUN_REFRESH);
    assert_int_equal(client_exchange_unsigned(&c, &w), 437);
}

/* ---- messages that are not ---- */

#define TID "abcdefghijkl"
#define COOKIE "\x21\x12\xa4\x42"

static const struct malformed {
    const char *what, *bytes;
    size_t len;
} malformed[] = {
#define CASE(what, bytes)                                                                          \
    {                                                                                              \
        what, bytes, sizeof(bytes) - 1                                                             \
    }
    CASE("nothing", ""),
    CASE("one byte", "\x00"),
    CASE("half a header", "\x00\x01\x00\x00" COOKIE "abcd"),
    CASE("another cookie", "\x00\x03\x00\x00\x21\x12\xa4\x43" TID),
    CASE("the first bits of RTP", "\x80\x01\x00\x00" COOKIE TID),
    CASE("no number of a channel", "\x50\x01\x00\x00" COOKIE TID),
    CASE("a channel nobody has", "\x40\x00\x00\x04" COOKIE),
    CASE("a channel with more length than bytes", "\x40\x00\x00\x40" COOKIE),
    CASE("a length that is no multiple of 4", "\x00\x01\x00\x03" COOKIE TID "\x00\x19\x00"),
    CASE("fewer bytes than the length", "\x00\x03\x00\x08" COOKIE TID "\x00\x19\x00\x04"),
    CASE("more bytes than the length",
         "\x00\x03\x00\x00" COOKIE TID "\x00\x19\x00\x04\x11\x00\x00\x00"),
    CASE("an attribute past the end",
         "\x00\x03\x00\x08" COOKIE TID "\x00\x19\x00\x14\x11\x00\x00\x00"),
    CASE("an attribute of a wrong size",
         "\x00\x03\x00\x08" COOKIE TID "\x00\x19\x00\x02\x11\x00\x00\x00"),
    CASE("an address of no family", "\x00\x03\x00\x14" COOKIE TID "\x00\x19\x00\x04\x11\x00\x00\x00"
                                    "\x00\x12\x00\x08\x00\x09\x12\x34\x01\x02\x03\x04"),
    CASE("a short address", "\x00\x09\x00\x08" COOKIE TID "\x00\x12\x00\x04\x00\x01\x12\x34"),
    CASE("a short LIFETIME", "\x00\x04\x00\x08" COOKIE TID "\x00\x0d\x00\x01\x01\x00\x00\x00"),
    CASE("a wrong fingerprint", "\x00\x01\x00\x08" COOKIE TID "\x80\x28\x00\x04\x01\x02\x03\x04"),
    CASE("a short integrity", "\x00\x03\x00\x08" COOKIE TID "\x00\x08\x00\x04\x01\x02\x03\x04"),
    CASE("an unknown method", "\x00\x0a\x00\x00" COOKIE TID),
    CASE("a method that only indications have", "\x00\x06\x00\x00" COOKIE TID),
    CASE("an indication", "\x00\x11\x00\x00" COOKIE TID),
    CASE("a Send indication without allocation",
         "\x00\x16\x00\x10" COOKIE TID "\x00\x12\x00\x08\x00\x01\x12\x34\x01\x02\x03\x04"
         "\x00\x13\x00\x00"),
    CASE("a Data indication", "\x01\x17\x00\x00" COOKIE TID),
    CASE("an answer", "\x01\x01\x00\x00" COOKIE TID),
    CASE("an error", "\x01\x13\x00\x08" COOKIE TID "\x00\x09\x00\x04\x00\x00\x04\x01"),
};

static void test_malformed(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        const struct malformed *m = &malformed[i];

        if (answer_size(bytes_of(m->bytes, m->len)) > 0)
            fail_msg("answered: %s", m->what);
    }
}

#define at_place(f, n)                                                                             \
    {                                                                                              \
#f " " #n, f, setup, teardown, &places[n]                                                  \
    }
#define everywhere(f) at_place(f, 0), at_place(f, 1)
#define draining(f) at_place(f, 2), at_place(f, 3)

int main(void)
{
    const struct CMUnitTest tests[] = {
        everywhere(test_answers_come), everywhere(test_requests),
        draining(test_requests),       everywhere(test_requests_in_the_name_of_a_client),
        everywhere(test_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
