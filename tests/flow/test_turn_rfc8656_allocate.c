/* RFC 8656 sections 6 and 7, and of section 5 what they lean on: allocations. */
#include "turn_rules.h"

#define BOTH ATTR(STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, "\2\0\0\0")
#define WANT_IPV6 ATTR(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\2\0\0\0")
#define EVEN ATTR(STUN_ATTR_EVEN_PORT, "\0")
#define PAIR ATTR(STUN_ATTR_EVEN_PORT, "\x80")

static bool allocation_holds(const void *what, size_t len)
{
    struct flow flow = {
        .client = c.addr, .local = c.target, .transport = &server.worker.listeners[0].transport};
    const struct alloc *a = alloc_find(server.worker.turn.allocs, &flow, clock_ms());

    assert_non_null(a);
    return memmem(a, sizeof(*a), what, len) != NULL;
}

static void stores_key_not_password(void)
{
    struct bytes name = bytes_str(c.user);
    uint8_t mac[SHA1_SIZE];
    char password[BASE64_SIZE(SHA1_SIZE)];

    assert_int_equal(hmac_sha1(bytes_str(SECRET), &name, 1, mac), 0);
    assert_int_equal(base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password)), 0);
    assert_true(allocation_holds(c.key, sizeof(c.key)));
    assert_false(allocation_holds(password, strlen(password)));
    assert_false(allocation_holds(mac, sizeof(mac)));
}

static void default_lifetime(void)
{
    assert_int_equal(c.reply.lifetime_s, 600);
    at_s(599);
    client_get_nonce(&c);
    assert_int_equal(client_permit(&c, &media), 0);
    at_s(600);
    assert_int_equal(client_permit(&c, &media), 437);
}

static void data_does_not_refresh(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(599);
    expect_channel_open();
    at_s(600);
    expect_channel_over();
}

static void expired_state_is_freed(void)
{
    at_s(600);
    alloc_table_sweep(server.worker.turn.allocs, clock_ms());
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(quota_count(server.quota), 0);
}

static void another_user_is_refused(void)
{
    char user[64];

    snprintf(user, sizeof(user), "%u:other", START_S + DAY_S);
    client_set_user(&c, SECRET, user);
    assert_int_equal(client_refresh(&c, 600), 441);
    assert_int_equal(client_permit(&c, &media), 441);
    assert_int_equal(client_bind(&c, 0x4000, &media), 441);
}

static void software_is_told(void)
{
    assert_non_null(c.reply.software.p);
    assert_int_equal(client_refresh(&c, 600), 0);
    assert_non_null(c.reply.software.p);
    assert_int_equal(client_allocate(&c), 437);
    assert_non_null(c.reply.software.p);
}

static void without_allocation_messages_vanish(void)
{
    client_send_channel(&c, 0x4000, "hello");
    client_send_indication(&c, &media, "hello");
    expect_nothing_at(media_fd);
}

static void must_be_authenticated(void)
{
    struct attr udp = UDP_WANTED;
    struct wr w = request_with(&c, STUN_ALLOCATE, &udp, 1);

    assert_int_equal(client_exchange_unsigned(&c, &w), 401);
    assert_int_equal(n_allocations(&server), 0);
}

static void same_transaction_same_answer(void)
{
    for (int i = 0; i < 2; i++) {
        c.n_requests--;
        assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 0);
        assert_true(addr_eq(&c.reply.xor_relayed, &relayed));
        assert_int_equal(c.reply.lifetime_s, 600);
    }
    assert_int_equal(n_allocations(&server), 1);
}

static void reserved_bits_are_ignored(void)
{
    assert_int_equal(ask(&c, STUN_ALLOCATE, ATTR(STUN_ATTR_REQUESTED_TRANSPORT, "\x11\1\2\3"),
                         ATTR(STUN_ATTR_EVEN_PORT, "\x7f"),
                         ATTR(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\1\7\7\7")),
                     0);
    assert_null(c.reply.reservation_token.p);
}

static void ipv4_when_nothing_is_asked(void)
{
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 0);
    assert_int_equal(c.reply.xor_relayed.family, AF_INET);
    assert_int_equal(c.reply.xor_relayed2.family, 0);
}

static void ipv6_when_asked(void)
{
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, WANT_IPV6), 0);
    assert_int_equal(c.reply.xor_relayed.family, AF_INET6);
    assert_int_equal(c.reply.xor_relayed2.family, 0);
}

/* relay_ip: an address that no interface of ours has. */
static void restart_without(const char *relay_ip)
{
    struct turn_config config = rule_config();

    config.relay_ip = ip(relay_ip, 0);
    restart_with(&config);
}

static void ipv6_missing(void)
{
    restart_without("2001:db8::77");
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, WANT_IPV6), 440);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 0);
}

static void ipv4_missing(void)
{
    restart_without("192.0.2.77");
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 440);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, WANT_IPV6), 0);
}

static void both_families(void)
{
    struct addr v4 = relayed, v6 = relayed6;

    assert_int_equal(v4.family, AF_INET);
    assert_int_equal(v6.family, AF_INET6);
    assert_false(c.reply.has_address_error);
    assert_int_equal(quota_count(server.quota), 1);
    c.n_requests--; /* its answer was lost */
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, BOTH), 0);
    assert_true(addr_eq(&c.reply.xor_relayed, &v4));
    assert_true(addr_eq(&c.reply.xor_relayed2, &v6));
}

static void second_family_unsupported(void)
{
    restart_without("2001:db8::77");
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, BOTH), 0);
    assert_int_equal(c.reply.xor_relayed.family, AF_INET);
    assert_int_equal(c.reply.xor_relayed2.family, 0);
    assert_true(c.reply.has_address_error);
    assert_int_equal(c.reply.address_error_family, STUN_FAMILY_IPV6);
    assert_int_equal(c.reply.address_error_code, 440);
    c.n_requests--;
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, BOTH), 0);
    assert_true(c.reply.has_address_error);
}

/* Of one port, which is taken for IPv4, or for both. */
static void restart_with_taken_port(bool both, int fds[static 2])
{
    struct turn_config config = rule_config();
    struct addr v4, v6 = ip("::1", 0);

    fds[0] = open_socket("127.0.0.1", &v4);
    v6.port = v4.port;
    fds[1] = both ? udp_socket_open(&v6, 0) : -1;
    config.relay_ports = (struct ports){v4.port, v4.port};
    restart_with(&config);
}

static void one_family_has_no_port(void)
{
    int fds[2];

    restart_with_taken_port(false, fds);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, BOTH), 0);
    assert_int_equal(c.reply.xor_relayed.family, AF_INET6);
    assert_int_equal(c.reply.address_error_family, STUN_FAMILY_IPV4);
    assert_int_equal(c.reply.address_error_code, 508);
    close(fds[0]);
}

static void no_family_has_a_port(void)
{
    int fds[2];

    restart_with_taken_port(true, fds);
    assert_true(fds[1] >= 0);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, BOTH), 508);
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(quota_count(server.quota), 0);
    close(fds[0]);
    close(fds[1]);
}

static void no_port_left(void)
{
    int fds[2];

    restart_with_taken_port(false, fds);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 508);
    close(fds[0]);
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 0);
}

static void quota_is_the_users(void)
{
    struct turn_config config = rule_config();
    struct client other, stranger;

    config.user_quota = 1;
    restart_with(&config);
    open_client(&other, "127.0.0.1");
    open_client(&stranger, "127.0.0.1");
    client_set_user(&other, SECRET, c.user);
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(client_allocate(&other), 486); /* another address, the same user */
    assert_int_equal(client_allocate(&stranger), 0);
    client_close(&other);
    client_close(&stranger);
}

static void drain_to(const char *text)
{
    server.worker.turn.alternate_server = ip(text, 3478);
}

static void redirected(void)
{
    struct addr there = ip("192.0.2.5", 3478);

    drain_to("192.0.2.5");
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 300);
    assert_true(addr_eq(&c.reply.alternate_server, &there));
    assert_int_equal(n_allocations(&server), 0);
}

static void redirected_only_when_known(void)
{
    drain_to("192.0.2.5");
    must_be_authenticated();
}

static void not_redirected_to_another_family(void)
{
    drain_to("2001:db8::5");
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED), 0);
}

static void drained_allocations_live_on(void)
{
    drain_to("192.0.2.5");
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_refresh(&c, 600), 0);
    expect_channel_open();
}

static void starts_with_nothing(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_refresh(&c, 0), 0);
    assert_int_equal(client_allocate(&c), 0);
    relayed = c.reply.xor_relayed;
    client_send_channel(&c, 0x4000, "hello");
    client_send_indication(&c, &media, "hello");
    expect_nothing_at(media_fd);
    send_to(media_fd, &relayed, "world");
    expect_silence();
}

static void even_port(void)
{
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, EVEN), 0);
    assert_int_equal(c.reply.xor_relayed.port % 2, 0);
    assert_null(c.reply.reservation_token.p);
}

static void even_ports_of_both(void)
{
    assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED, EVEN, BOTH), 0);
    assert_int_equal(c.reply.xor_relayed.port % 2, 0);
    assert_int_equal(c.reply.xor_relayed2.port % 2, 0);
}

static void lifetimes(void)
{
    static const struct {
        const char *wish;
        uint32_t granted;
    } rows[] = {
        {"\0\0\0\0", 600},          {"\0\0\0\x0a", 600},    {"\0\0\2\x58", 600},
        {"\0\0\3\xe8", 1000},       {"\0\0\x0e\x10", 3600}, {"\0\0\x0e\x11", 3600},
        {"\xff\xff\xff\xff", 3600},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct attr attrs[] = {UDP_WANTED, {STUN_ATTR_LIFETIME, rows[i].wish, 4}};

        assert_int_equal(ask_with(&c, STUN_ALLOCATE, attrs, 2), 0);
        assert_int_equal(c.reply.lifetime_s, rows[i].granted);
        assert_int_equal(client_refresh(&c, 0), 0);
    }
}

static void answer_is_complete(void)
{
    assert_int_equal(c.reply.class, STUN_SUCCESS);
    assert_int_equal(relayed.family, AF_INET);
    assert_in_range(relayed.port, 57001, 65535);
    assert_true(c.reply.has_lifetime);
    assert_true(addr_eq(&c.reply.xor_mapped, &c.addr));
    assert_null(c.reply.reservation_token.p);
}

static void ipv6_client_is_told_its_address(void)
{
    struct client six;

    open_client(&six, "::1");
    assert_int_equal(client_allocate(&six), 0);
    assert_true(addr_eq(&six.reply.xor_mapped, &six.addr));
    assert_int_equal(six.reply.xor_relayed.family, AF_INET);
    client_close(&six);
}

static const struct rule rules[] = {
    {.section = "5",
     .text = "without allocation a Refresh is rejected with 437",
     .method = STUN_REFRESH,
     .code = 437},
    {.section = "5",
     .text = "without allocation a CreatePermission is rejected with 437",
     .method = STUN_CREATE_PERMISSION,
     .code = 437},
    {.section = "5",
     .text = "without allocation a ChannelBind is rejected with 437",
     .method = STUN_CHANNEL_BIND,
     .code = 437},
    {.section = "5",
     .text = "without allocation indications and ChannelData are ignored",
     .fn = without_allocation_messages_vanish},
    {.section = "5",
     .text = "requests must come from the user who made the allocation, else 441",
     .before = WITH_ALLOCATION,
     .fn = another_user_is_refused},
    {.section = "5",
     .text = "answers to Allocate and Refresh should tell SOFTWARE",
     .before = WITH_ALLOCATION,
     .fn = software_is_told},
    {.section = "6",
     .text = "must not store the password, must store the key",
     .before = WITH_ALLOCATION,
     .fn = stores_key_not_password},
    {.section = "6",
     .text = "an allocation lasts 600 s by default",
     .before = WITH_ALLOCATION,
     .fn = default_lifetime},
    {.section = "6",
     .text = "sending data does not refresh an allocation",
     .before = WITH_ALLOCATION,
     .fn = data_does_not_refresh},
    {.section = "6",
     .text = "the state of an expired allocation can be freed",
     .before = WITH_ALLOCATION,
     .fn = expired_state_is_freed},
    {.section = "7.2 (1)",
     .text = "must require that the request be authenticated",
     .fn = must_be_authenticated},
    {.section = "7.2 (2)",
     .text = "a 5-tuple in use: 437",
     .before = WITH_ALLOCATION,
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED},
     .code = 437},
    {.section = "7.2 (2)",
     .text = "a retransmission is no second request",
     .before = WITH_ALLOCATION,
     .fn = same_transaction_same_answer},
    {.section = "7.2 (2)",
     .text = "437 comes before what else may be wrong",
     .before = WITH_ALLOCATION,
     .method = STUN_ALLOCATE,
     .code = 437},
    {.section = "7.2 (3)",
     .text = "no REQUESTED-TRANSPORT: 400",
     .method = STUN_ALLOCATE,
     .code = 400},
    {.section = "7.2 (3)",
     .text = "a malformed REQUESTED-TRANSPORT: 400",
     .method = STUN_ALLOCATE,
     .attrs = {ATTR(STUN_ATTR_REQUESTED_TRANSPORT, "\x11")},
     .code = 400},
    {.section = "7.2 (3)",
     .text = "a transport other than UDP: 442",
     .method = STUN_ALLOCATE,
     .attrs = {ATTR(STUN_ATTR_REQUESTED_TRANSPORT, "\6\0\0\0")},
     .code = 442},
    {.section = "18.6-18.8",
     .text = "reserved bits must be ignored",
     .fn = reserved_bits_are_ignored},
    {.section = "7.2 (4)",
     .text = "DONT-FRAGMENT is supported, so it is accepted",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, ATTR(STUN_ATTR_DONT_FRAGMENT, "")}},
    {.section = "7.2 (5)",
     .text = "RESERVATION-TOKEN with EVEN-PORT: 400",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, ATTR(STUN_ATTR_RESERVATION_TOKEN, "12345678"), EVEN},
     .code = 400},
    {.section = "7.2 (5)",
     .text = "RESERVATION-TOKEN with REQUESTED-ADDRESS-FAMILY: 400",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, ATTR(STUN_ATTR_RESERVATION_TOKEN, "12345678"), WANT_IPV6},
     .code = 400},
    {.section = "7.2 (5)",
     .text = "RESERVATION-TOKEN with ADDITIONAL-ADDRESS-FAMILY: 400",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, ATTR(STUN_ATTR_RESERVATION_TOKEN, "12345678"), BOTH},
     .code = 400},
    {.section = "7.2 (5)",
     .text = "a token that is none of ours: 508",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, ATTR(STUN_ATTR_RESERVATION_TOKEN, "12345678")},
     .code = 508},
    {.section = "7.2 (5)",
     .text = "a malformed token: 400",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, ATTR(STUN_ATTR_RESERVATION_TOKEN, "1234")},
     .code = 400},
    {.section = "7.2 (6)",
     .text = "REQUESTED- and ADDITIONAL-ADDRESS-FAMILY: 400",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, WANT_IPV6, BOTH},
     .code = 400},
    {.section = "7.2 (7)",
     .text = "an address family that does not exist: 440",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, ATTR(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\3\0\0\0")},
     .code = 440},
    {.section = "7.2 (7)",
     .text = "must answer 440 when the family cannot be had",
     .fn = ipv6_missing},
    {.section = "7.2 (7)",
     .text = "no family asked for and no IPv4: must answer 440",
     .fn = ipv4_missing},
    {.section = "7.2 (7)",
     .text = "no family asked for: must allocate IPv4",
     .fn = ipv4_when_nothing_is_asked},
    {.section = "7.2 (7)", .text = "the family that was asked for", .fn = ipv6_when_asked},
    {.section = "7.2 (8)",
     .text = "EVEN-PORT with R and ADDITIONAL-ADDRESS-FAMILY: 400",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, PAIR, BOTH},
     .code = 400},
    {.section = "7.2 (9)",
     .text = "ADDITIONAL-ADDRESS-FAMILY of IPv4: 400",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, ATTR(STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, "\1\0\0\0")},
     .code = 400},
    {.section = "7.2 (9)",
     .text = "ADDITIONAL-ADDRESS-FAMILY of no family: 400",
     .method = STUN_ALLOCATE,
     .attrs = {UDP_WANTED, ATTR(STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, "\3\0\0\0")},
     .code = 400},
    {.section = "7.2 (9)",
     .text = "both families: two XOR-RELAYED-ADDRESS, one quota place",
     .before = WITH_BOTH,
     .fn = both_families},
    {.section = "7.2 (9)",
     .text = "one family unsupported: success and ADDRESS-ERROR-CODE 440",
     .fn = second_family_unsupported},
    {.section = "7.2 (9)",
     .text = "one family without port: success and ADDRESS-ERROR-CODE 508",
     .fn = one_family_has_no_port},
    {.section = "7.2 (9)", .text = "neither family can be had: 508", .fn = no_family_has_a_port},
    {.section = "7.2 (10)",
     .text = "486 above a quota, which should be the user name's",
     .fn = quota_is_the_users},
    {.section = "7.2 (11)", .text = "300 with ALTERNATE-SERVER while drained", .fn = redirected},
    {.section = "7.2 (11)", .text = "300 is for known users", .fn = redirected_only_when_known},
    {.section = "7.2 (11)",
     .text = "allocations live on while drained",
     .before = WITH_ALLOCATION,
     .fn = drained_allocations_live_on},
    {.section = "8489 10",
     .text = "ALTERNATE-SERVER must be of the request's address family",
     .fn = not_redirected_to_another_family},
    {.section = "7.2",
     .text = "permissions and channels are empty at first",
     .before = WITH_ALLOCATION,
     .fn = starts_with_nothing},
    {.section = "7.2", .text = "EVEN-PORT without R: an even port, no token", .fn = even_port},
    {.section = "7.2", .text = "EVEN-PORT without R for both families", .fn = even_ports_of_both},
    {.section = "7.2", .text = "no relayed address available: 508", .fn = no_port_left},
    {.section = "7.2",
     .text = "lifetime: the wish, at least 600 s, at most 3600 s",
     .fn = lifetimes},
    {.section = "7.2",
     .text = "success tells relayed and mapped address and lifetime",
     .before = WITH_ALLOCATION,
     .fn = answer_is_complete},
    {.section = "7.2",
     .text = "the mapped address is the 5-tuple's, IPv6 as well",
     .fn = ipv6_client_is_told_its_address},
    {.section = "7.2",
     .text = "ports lie within the configured range",
     .elsewhere = "tests/unit/turn/test_ports.c:test_each_port_once"},
    {.section = "7.2",
     .text = "the answer leaves from where the request arrived",
     .elsewhere = "tests/flow/test_turn.c:test_wildcard_listener"},
};

int main(void)
{
    return RUN_RULES("8656 ", rules);
}
