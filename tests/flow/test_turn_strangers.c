/* RFC 8656 section 21.1: what a stranger's packet can cost. In a network of its own, since
 * strangers do not come by loopback. */
#include "turn_rules.h"

#include "tests/lib/private_net.h"

#define NEIGHBOUR "203.0.113.200" /* in the client's network */
#define OTHER_NET "198.51.100.4"

static size_t build_binding(void)
{
    struct wr w = client_request(&c, STUN_BINDING);
    size_t len;

    assert_int_equal(stun_finish(&w, &len), 0);
    return len;
}

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

    client_open(&other, &server, OTHER_NET, server_ip);
    assert_int_equal(flood(&c, 2400), ratelimit_logins.burst - 1);
    assert_int_equal(counted(&server, STAT_UNANSWERED), 401);
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

    client_open(&other, &server, NEIGHBOUR, server_ip);
    flood(&other, 2400);
    assert_int_equal(client_permit(&c, &media), 0);
    strcpy(c.nonce, "stale");
    assert_int_equal(client_refresh(&c, 600), 438);
    assert_int_equal(client_refresh(&c, 600), 0);
    client_close(&other);
}

/* Who writes the address of a client into his requests has no more of them answered because the
 * client has an allocation. */
static void allocations_draw_no_answers(void)
{
    assert_int_equal(flood(&c, 2400), ratelimit_logins.burst - 2); /* it had two itself */
    assert_int_equal(client_refresh(&c, 600), 0);
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
    assert_int_equal(counted(&server, STAT_UNANSWERED), 200);
}

static const struct rule rules[] = {
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
    {.section = "8656 21.1",
     .text = "answers that an allocation's address is made to draw are limited",
     .before = WITH_ALLOCATION,
     .fn = allocations_draw_no_answers},
    {.section = "8656 21.1", .text = "guesses of passwords are limited", .fn = guesses_are_limited},
    {.section = "8656 21.1",
     .text = "Binding answers are limited",
     .before = WITH_ALLOCATION,
     .fn = bindings_are_limited},
    {.section = "8656 21.1",
     .text = "answers to strangers are hardly larger than questions",
     .elsewhere = "tests/flow/test_turn_amplification.c:test_requests"},
};

int main(void)
{
    if (!private_net_enter()) {
        printf("no network of its own: skipped\n");
        return 0;
    }
    server_ip = NET_OWN;
    client_ip = NET_ELSE;
    return RUN_RULES("8489 ", rules);
}
