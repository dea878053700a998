/* RFC 8656 section 7.2: pairs of ports, reservations. */
#include "turn_rules.h"

#define PAIR ATTR(STUN_ATTR_EVEN_PORT, "\x80")

static void same_transaction_same_pair(void)
{
    uint8_t token[8];

    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, PAIR), 0);
    memcpy(token, c.reply.reservation_token.p, sizeof(token));
    c.n_requests--;
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, PAIR), 0);
    assert_memory_equal(c.reply.reservation_token.p, token, sizeof(token));
    assert_int_equal(quota_count(server.quota), 2);
}

static void no_pair_in_one_port(void)
{
    struct turn_config config = rule_config();
    struct addr a;

    close(open_socket("127.0.0.1", &a));
    config.relay_ports = (struct ports){a.port, a.port};
    restart_with(&config);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, PAIR), 508);
    assert_int_equal(quota_count(server.quota), 0);
}

static void drain_to(const char *text)
{
    server.worker.turn.alternate_server = ip(text, 3478);
}

static void reserve(uint8_t token[static 8], struct addr *ret_first)
{
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, PAIR), 0);
    *ret_first = c.reply.xor_relayed;
    assert_int_equal(ret_first->port % 2, 0);
    assert_int_equal(c.reply.reservation_token.len, 8);
    memcpy(token, c.reply.reservation_token.p, 8);
}

/* Of the same user, unless it is another's. */
static unsigned claim(struct client *client, const uint8_t token[static 8], bool same_user)
{
    const struct attr attrs[] = {UDP_WANTED,
                                 {STUN_ATTR_RESERVATION_TOKEN, (const char *) token, 8}};

    open_client(client, "::1");
    if (same_user)
        client_set_user(client, SECRET, c.user);
    client_get_nonce(client);
    return ask_with(client, STUN_ALLOCATE, attrs, 2);
}

static void reserved_port_is_given(void)
{
    struct client second, third;
    struct addr first, bound;
    uint8_t token[8];

    reserve(token, &first);
    bound = first;
    bound.port++;
    assert_int_equal(udp_socket_open(&bound, 0), -EADDRINUSE);
    assert_int_equal(claim(&second, token, true), 0);
    assert_true(addr_eq(&second.reply.xor_relayed, &bound));
    assert_null(second.reply.reservation_token.p);
    assert_int_equal(n_allocations(&server), 2);
    assert_int_equal(claim(&third, token, true), 508); /* it was used */
    client_close(&second);
    client_close(&third);
}

static void reserved_port_relays(void)
{
    struct client second;
    struct addr first;
    uint8_t token[8];

    reserve(token, &first);
    assert_int_equal(claim(&second, token, true), 0);
    relayed = second.reply.xor_relayed;
    assert_int_equal(client_permit(&second, &media), 0);
    send_to(media_fd, &relayed, "world");
    expect_data_indication(&second, &media, "world");
    client_close(&second);
}

static void reserved_for_30_s(void)
{
    struct client second;
    struct addr first;
    uint8_t token[8];

    reserve(token, &first);
    at_s(29);
    worker_sweep(&server.worker);
    assert_int_equal(claim(&second, token, true), 0);
    client_close(&second);
}

static void reservation_ends(void)
{
    struct client second;
    struct addr first;
    uint8_t token[8];

    reserve(token, &first);
    assert_int_equal(quota_count(server.quota), 2);
    at_s(30);
    assert_int_equal(claim(&second, token, true), 508);
    assert_int_equal(quota_count(server.quota), 1);
    client_close(&second);
}

static void reservation_is_the_users(void)
{
    struct client second, third;
    struct addr first;
    uint8_t token[8];

    reserve(token, &first);
    assert_int_equal(claim(&second, token, false), 508);
    assert_int_equal(claim(&third, token, true), 0);
    client_close(&second);
    client_close(&third);
}

static void reservation_counts(void)
{
    struct turn_config config = rule_config();
    struct client other;

    config.user_quota = 1;
    restart_with(&config);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, PAIR), 486);
    assert_int_equal(quota_count(server.quota), 0);
    open_client(&other, "127.0.0.1");
    assert_int_equal(client_allocate(&other), 0);
    client_close(&other);
}

static void reserved_port_though_drained(void)
{
    struct client second;
    struct addr first;
    uint8_t token[8];

    reserve(token, &first);
    drain_to("2001:db8::5"); /* claim() comes by IPv6 */
    assert_int_equal(claim(&second, token, true), 0);
    client_close(&second);
}

static const struct rule rules[] = {
    {.section = "7.2 (2)",
     .text = "a retransmission reserves no second port",
     .fn = same_transaction_same_pair},
    {.section = "7.2 (5)", .text = "a token whose time is over: 508", .fn = reservation_ends},
    {.section = "7.2 (8)",
     .text = "EVEN-PORT with R that cannot be satisfied: 508",
     .fn = no_pair_in_one_port},
    {.section = "7.2 (10)", .text = "a reserved port counts, too", .fn = reservation_counts},
    {.section = "7.2 (11)",
     .text = "a reserved port is given out while drained",
     .fn = reserved_port_though_drained},
    {.section = "7.2",
     .text = "RESERVATION-TOKEN gets the reserved port, by any 5-tuple, once",
     .fn = reserved_port_is_given},
    {.section = "7.2", .text = "a reserved port relays as any other", .fn = reserved_port_relays},
    {.section = "7.2",
     .text = "a token is of use to its user alone",
     .fn = reservation_is_the_users},
    {.section = "7.2",
     .text = "must hold a reservation for 30 s at least",
     .fn = reserved_for_30_s},
};

int main(void)
{
    return RUN_RULES("8656 ", rules);
}
