/* RFC 8656 sections 8 to 10: refreshing allocations; permissions. */
#include "turn_rules.h"

#define OF_IPV4 ATTR(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\1\0\0\0")
#define OF_IPV6 ATTR(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\2\0\0\0")
#define DELETE ATTR(STUN_ATTR_LIFETIME, "\0\0\0\0")

static struct addr media6;
static int media6_fd;

/* ---- section 8 ---- */

static void lifetimes(void)
{
    static const uint32_t rows[][2] = {{1, 600},     {599, 600},   {601, 601},
                                       {3600, 3600}, {3601, 3600}, {UINT32_MAX, 3600}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(client_refresh(&c, rows[i][0]), 0);
        assert_int_equal(c.reply.lifetime_s, rows[i][1]);
    }
    assert_int_equal(ask(&c, STUN_REFRESH, {0}), 0);
    assert_int_equal(c.reply.lifetime_s, 600);
}

static void sets_the_time(void)
{
    assert_int_equal(client_refresh(&c, 1000), 0);
    at_s(999);
    client_get_nonce(&c);
    assert_int_equal(client_permit(&c, &media), 0);
    at_s(1000);
    assert_int_equal(client_permit(&c, &media), 437);
}

static void may_shorten(void)
{
    assert_int_equal(client_refresh(&c, 3600), 0);
    assert_int_equal(client_refresh(&c, 1), 0);
    at_s(600);
    assert_int_equal(client_permit(&c, &media), 437);
}

static void zero_deletes(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_refresh(&c, 0), 0);
    assert_true(c.reply.has_lifetime);
    assert_int_equal(c.reply.lifetime_s, 0);
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(quota_count(server.quota), 0);
    expect_channel_over();
}

static void deleted_is_gone(void)
{
    assert_int_equal(client_refresh(&c, 0), 0);
    assert_int_equal(client_refresh(&c, 0), 437);
    assert_int_equal(client_allocate(&c), 0);
}

static void use_both_peers(void)
{
    struct addr list[2] = {media};

    media6_fd = open_socket("::1", &media6);
    list[1] = media6;
    set_peers(&server, list, 2);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_bind(&c, 0x4001, &media6), 0);
}

static void expect_only_ipv4_relays(void)
{
    client_send_channel(&c, 0x4001, "hello");
    client_send_indication(&c, &media6, "hello");
    expect_nothing_at(media6_fd);
    expect_channel_open();
    send_to(media_fd, &relayed, "world");
    expect_channel_data(&c, 0x4000, "world");
    close(media6_fd);
}

static void one_of_two_deleted(void)
{
    use_both_peers();
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV6, DELETE), 0);
    assert_int_equal(c.reply.lifetime_s, 0);
    assert_int_equal(n_allocations(&server), 1);
    assert_int_equal(udp_socket_open(&relayed, 0), -EADDRINUSE);
    close(udp_socket_open(&relayed6, 0));
    expect_only_ipv4_relays();
    assert_int_equal(client_permit(&c, &media6), 443);
}

static void one_of_two_deleted_twice(void)
{
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV6, DELETE), 0);
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV6, DELETE), 0);
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV6), 443);
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV4), 0);
}

static void last_of_two_deleted(void)
{
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV4, DELETE), 0);
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV6, DELETE), 0);
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV6, DELETE), 437);
}

static void both_deleted(void)
{
    assert_int_equal(client_refresh(&c, 0), 0);
    assert_int_equal(n_allocations(&server), 0);
}

static void one_of_two_refreshed(void)
{
    use_both_peers();
    at_s(300);
    client_get_nonce(&c);
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV4), 0);
    at_s(599);
    assert_int_equal(client_bind(&c, 0x4001, &media6), 0);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(600);
    expect_only_ipv4_relays();
    at_s(900);
    client_get_nonce(&c);
    assert_int_equal(client_permit(&c, &media), 437);
}

static void both_refreshed(void)
{
    at_s(300);
    client_get_nonce(&c);
    assert_int_equal(client_refresh(&c, 600), 0);
    at_s(899);
    client_get_nonce(&c);
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV4), 0);
    assert_int_equal(ask(&c, STUN_REFRESH, OF_IPV6), 0);
}

/* ---- section 9 ---- */

static void expect_relayed_in(const char *text)
{
    send_to(media_fd, &relayed, text);
    expect_data_indication(&c, &media, text);
}

static void lasts_300_s(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    at_s(299);
    expect_relayed_in("world");
    at_s(300);
    send_to(media_fd, &relayed, "world");
    expect_silence();
}

static void is_reset_by_create_permission(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    at_s(200);
    assert_int_equal(client_permit(&c, &media), 0);
    at_s(499);
    expect_relayed_in("world");
    at_s(500);
    send_to(media_fd, &relayed, "world");
    expect_silence();
}

static void is_reset_by_channel_bind(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    at_s(200);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(499);
    send_to(media_fd, &relayed, "world");
    expect_channel_data(&c, 0x4000, "world");
    at_s(500);
    send_to(media_fd, &relayed, "world");
    expect_silence();
}

static void is_not_reset_by_data(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    at_s(299);
    client_send_indication(&c, &media, "hello");
    expect_at(media_fd, "hello", &relayed);
    expect_relayed_in("world");
    at_s(300);
    client_send_indication(&c, &media, "hello");
    expect_nothing_at(media_fd);
    send_to(media_fd, &relayed, "world");
    expect_silence();
}

static void port_does_not_matter(void)
{
    struct addr other_port = media;

    other_port.port = 1;
    assert_int_equal(client_permit(&c, &other_port), 0);
    client_send_indication(&c, &media, "hello");
    expect_at(media_fd, "hello", &relayed);
    expect_relayed_in("world");
}

/* Both may be peers, one has a permission. */
static void address_must_match(void)
{
    struct addr list[2] = {media}, from;
    int fd = open_socket("127.0.0.2", &list[1]);
    char buf[64];

    set_peers(&server, list, 2);
    assert_int_equal(client_permit(&c, &media), 0);
    send_to(fd, &relayed, "world");
    expect_silence();
    client_send_indication(&c, &list[1], "hello");
    expect_silence();
    assert_int_equal(receive_now(fd, buf, sizeof(buf), &from), -1);
    close(fd);
}

static void is_of_one_allocation(void)
{
    struct client other;

    assert_int_equal(client_permit(&c, &media), 0);
    open_client(&other, "127.0.0.1");
    assert_int_equal(client_allocate(&other), 0);
    relayed = other.reply.xor_relayed;
    send_to(media_fd, &relayed, "world");
    client_expect_silence(&other);
    client_close(&other);
}

static void ends_with_the_allocation(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    assert_int_equal(client_refresh(&c, 0), 0);
    assert_int_equal(client_allocate(&c), 0);
    relayed = c.reply.xor_relayed;
    send_to(media_fd, &relayed, "world");
    expect_silence();
}

/* ---- section 10 ---- */

static unsigned permit_two(const struct addr *a, const struct addr *b)
{
    struct wr w = client_request(&c, STUN_CREATE_PERMISSION);

    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, a);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, b);
    return client_exchange(&c, &w);
}

static void expect_no_permission(void)
{
    send_to(media_fd, &relayed, "world");
    expect_silence();
}

static void one_malformed(void)
{
    struct wr w = client_request(&c, STUN_CREATE_PERMISSION);

    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &media);
    stun_put_bytes(&w, STUN_ATTR_XOR_PEER_ADDRESS, bytes_str("\1\3abcdef"));
    assert_int_equal(client_exchange(&c, &w), 400);
    expect_no_permission();
}

static void one_of_another_family(void)
{
    struct addr six = ip("::1", 9);

    assert_int_equal(permit_two(&media, &six), 443);
    expect_no_permission();
}

static void one_forbidden(void)
{
    struct addr far = ip("192.0.2.1", 9);

    assert_int_equal(permit_two(&media, &far), 403);
    expect_no_permission();
    assert_int_equal(permit_two(&far, &media), 403);
    expect_no_permission();
}

static void several_at_once(void)
{
    struct addr list[2] = {media};
    int fd = open_socket("127.0.0.2", &list[1]);

    set_peers(&server, list, 2);
    assert_int_equal(permit_two(&list[0], &list[1]), 0);
    assert_int_equal(c.reply.raw.len, STUN_HEADER_SIZE + 24); /* nothing but the signature */
    expect_relayed_in("one");
    send_to(fd, &relayed, "two");
    expect_data_indication(&c, &list[1], "two");
    close(fd);
}

static void both_families_at_once(void)
{
    struct addr list[2] = {media};
    int fd = open_socket("::1", &list[1]);

    set_peers(&server, list, 2);
    assert_int_equal(permit_two(&list[0], &list[1]), 0);
    expect_relayed_in("one");
    send_to(fd, &relayed6, "two");
    expect_data_indication(&c, &list[1], "two");
    close(fd);
}

static void capacity_is_limited(void)
{
    struct addr many[PERM_MAX + 1];

    for (size_t i = 0; i <= PERM_MAX; i++) {
        many[i] = ip("127.0.1.0", 9);
        many[i].ip[3] = (uint8_t) i;
    }
    many[PERM_MAX] = media;
    set_peers(&server, many, PERM_MAX + 1);
    for (size_t i = 0; i < PERM_MAX; i++)
        assert_int_equal(client_permit(&c, &many[i]), 0);
    assert_int_equal(client_permit(&c, &media), 508);
    expect_no_permission();
    at_s(300);
    assert_int_equal(client_permit(&c, &media), 0); /* the first ones are over */
}

static void again_is_the_same(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    c.n_requests--;
    assert_int_equal(client_permit(&c, &media), 0);
    expect_relayed_in("world");
}

static const struct rule rules[] = {
    {.section = "8.2",
     .text = "a family that the allocation has not: must answer 443",
     .before = WITH_ALLOCATION,
     .method = STUN_REFRESH,
     .attrs = {OF_IPV6},
     .code = 443},
    {.section = "8.2",
     .text = "deleting a family that the allocation never had: 443",
     .before = WITH_ALLOCATION,
     .method = STUN_REFRESH,
     .attrs = {OF_IPV6, DELETE},
     .code = 443},
    {.section = "8.2",
     .text = "a family that does not exist: 443",
     .before = WITH_ALLOCATION,
     .method = STUN_REFRESH,
     .attrs = {ATTR(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\3\0\0\0")},
     .code = 443},
    {.section = "8.2",
     .text = "the allocation's own family",
     .before = WITH_ALLOCATION,
     .method = STUN_REFRESH,
     .attrs = {OF_IPV4}},
    {.section = "8.2",
     .text = "a malformed LIFETIME: 400",
     .before = WITH_ALLOCATION,
     .method = STUN_REFRESH,
     .attrs = {ATTR(STUN_ATTR_LIFETIME, "\0\0")},
     .code = 400},
    {.section = "8.2",
     .text = "lifetime: as for Allocate; LIFETIME is in the answer",
     .before = WITH_ALLOCATION,
     .fn = lifetimes},
    {.section = "8.2",
     .text = "the time-to-expiry becomes the desired lifetime",
     .before = WITH_ALLOCATION,
     .fn = sets_the_time},
    {.section = "8.2",
     .text = "which may be shorter than what was left",
     .before = WITH_ALLOCATION,
     .fn = may_shorten},
    {.section = "8.2",
     .text = "lifetime 0 deletes the allocation",
     .before = WITH_ALLOCATION,
     .fn = zero_deletes},
    {.section = "8.3",
     .text = "what was deleted is answered 437, which is success to a client",
     .before = WITH_ALLOCATION,
     .fn = deleted_is_gone},
    {.section = "8.1",
     .text = "deleting one family must not touch the other's channels",
     .before = WITH_BOTH,
     .fn = one_of_two_deleted},
    {.section = "8489 6.3.1",
     .text = "deleting one family again has the same answer",
     .before = WITH_BOTH,
     .fn = one_of_two_deleted_twice},
    {.section = "8.1",
     .text = "the last family's end is the allocation's",
     .before = WITH_BOTH,
     .fn = last_of_two_deleted},
    {.section = "8.1",
     .text = "no family named: both are deleted",
     .before = WITH_BOTH,
     .fn = both_deleted},
    {.section = "8.1",
     .text = "one family is refreshed, the other one expires",
     .before = WITH_BOTH,
     .fn = one_of_two_refreshed},
    {.section = "8.1",
     .text = "no family named: both are refreshed",
     .before = WITH_BOTH,
     .fn = both_refreshed},

    {.section = "9",
     .text = "a permission must last 300 s",
     .before = WITH_ALLOCATION,
     .fn = lasts_300_s},
    {.section = "9",
     .text = "CreatePermission resets it",
     .before = WITH_ALLOCATION,
     .fn = is_reset_by_create_permission},
    {.section = "9",
     .text = "ChannelBind resets it",
     .before = WITH_ALLOCATION,
     .fn = is_reset_by_channel_bind},
    {.section = "9",
     .text = "data does not",
     .before = WITH_ALLOCATION,
     .fn = is_not_reset_by_data},
    {.section = "9",
     .text = "port numbers are not considered",
     .before = WITH_ALLOCATION,
     .fn = port_does_not_matter},
    {.section = "9",
     .text = "no matching address: silently discarded",
     .before = WITH_ALLOCATION,
     .fn = address_must_match},
    {.section = "9",
     .text = "permissions of two allocations are unrelated",
     .before = WITH_ALLOCATION,
     .fn = is_of_one_allocation},
    {.section = "9",
     .text = "they expire with the allocation",
     .before = WITH_ALLOCATION,
     .fn = ends_with_the_allocation},

    {.section = "10.2",
     .text = "no XOR-PEER-ADDRESS: 400",
     .before = WITH_ALLOCATION,
     .method = STUN_CREATE_PERMISSION,
     .code = 400},
    {.section = "10.2",
     .text = "one that is malformed: 400, and nothing is installed",
     .before = WITH_ALLOCATION,
     .fn = one_malformed},
    {.section = "10.2",
     .text = "one of another family: must answer 443, nothing is installed",
     .before = WITH_ALLOCATION,
     .fn = one_of_another_family},
    {.section = "10.2",
     .text = "one that is not allowed: must answer 403, nothing is installed",
     .before = WITH_ALLOCATION,
     .fn = one_forbidden},
    {.section = "10.2",
     .text = "above capacity: 508",
     .before = WITH_ALLOCATION,
     .fn = capacity_is_limited},
    {.section = "10.2",
     .text = "a permission for each address; the answer needs no attribute",
     .before = WITH_ALLOCATION,
     .fn = several_at_once},
    {.section = "10.2",
     .text = "addresses of both families of a dual allocation",
     .before = WITH_BOTH,
     .fn = both_families_at_once},
    {.section = "8489 6.3.1",
     .text = "a retransmission changes nothing",
     .before = WITH_ALLOCATION,
     .fn = again_is_the_same},
    {.section = "10.2",
     .text = "the policy: which addresses and ports are peers",
     .elsewhere = "tests/unit/turn/test_peers.c:test_media_alone"},
};

int main(void)
{
    return RUN_RULES("8656 ", rules);
}
