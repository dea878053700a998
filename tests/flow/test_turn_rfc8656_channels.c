/* RFC 8656 section 12: channels. */
#include "turn_rules.h"

#define NUMBER ATTR(STUN_ATTR_CHANNEL_NUMBER, "\x40\0\0\0")

static struct addr media2;
static int media2_fd;

static void use_two_peers(void)
{
    struct addr list[2] = {media};

    media2_fd = open_socket("127.0.0.1", &media2);
    list[1] = media2;
    set_peers(&server, list, 2);
}

static unsigned bind_with(const struct addr *peer, const char *number, size_t len)
{
    struct wr w = client_request(&c, STUN_CHANNEL_BIND);

    if (number)
        stun_put_bytes(&w, STUN_ATTR_CHANNEL_NUMBER, bytes_of(number, len));
    if (peer)
        stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, peer);
    return client_exchange(&c, &w);
}

static void needs_a_number(void)
{
    assert_int_equal(bind_with(&media, NULL, 0), 400);
}

static void number_is_malformed(void)
{
    assert_int_equal(bind_with(&media, "\x40\0", 2), 400);
}

static void reserved_bits_are_ignored(void)
{
    assert_int_equal(bind_with(&media, "\x40\1\7\7", 4), 0);
    client_send_channel(&c, 0x4001, "hello");
    expect_at(media_fd, "hello", &relayed);
}

static void numbers_have_a_range(void)
{
    assert_int_equal(client_bind(&c, 0x3fff, &media), 400);
    assert_int_equal(client_bind(&c, 0x5000, &media), 400);
    assert_int_equal(client_bind(&c, 0x7fff, &media), 400);
    assert_int_equal(client_bind(&c, 0, &media), 400);
    use_two_peers();
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_bind(&c, 0x4fff, &media2), 0);
    close(media2_fd);
}

static void number_is_bound(void)
{
    use_two_peers();
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_bind(&c, 0x4000, &media2), 400);
    expect_channel_open();
    close(media2_fd);
}

static void peer_is_bound(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_bind(&c, 0x4001, &media), 400);
    client_send_channel(&c, 0x4001, "hello");
    expect_nothing_at(media_fd);
}

static void conflict_comes_before_policy(void)
{
    struct addr far = ip("192.0.2.1", 9), six = ip("::1", 9);

    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_bind(&c, 0x4000, &far), 400);
    assert_int_equal(client_bind(&c, 0x4000, &six), 400);
}

static void another_family(void)
{
    struct addr six = ip("::1", 9);

    assert_int_equal(client_bind(&c, 0x4000, &six), 443);
}

static void forbidden(void)
{
    struct addr far = ip("192.0.2.1", media.port), port = media;

    port.port ^= 1;
    assert_int_equal(client_bind(&c, 0x4000, &far), 403);
    assert_int_equal(client_bind(&c, 0x4000, &port), 403);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0); /* the number is free still */
}

static void capacity_is_limited(void)
{
    struct addr many[CHAN_MAX + 1];

    for (uint16_t i = 0; i <= CHAN_MAX; i++)
        many[i] = ip("127.0.0.1", (uint16_t) (30000 + i));
    set_peers(&server, many, CHAN_MAX + 1);
    for (uint16_t i = 0; i < CHAN_MAX; i++)
        assert_int_equal(client_bind(&c, (uint16_t) (0x4000 + i), &many[i]), 0);
    assert_int_equal(client_bind(&c, 0x4fff, &many[CHAN_MAX]), 508);
    assert_int_equal(client_bind(&c, 0x4000, &many[0]), 0);
}

static void answer_is_plain(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(c.reply.raw.len, STUN_HEADER_SIZE + 24); /* nothing but the signature */
    c.n_requests--;                                           /* its answer was lost */
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
}

static void installs_a_permission(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    send_to(media_fd, &relayed, "world");
    expect_channel_data(&c, 0x4000, "world");
    client_send_indication(&c, &media, "hello");
    expect_at(media_fd, "hello", &relayed);
}

static void lasts_600_s(void)
{
    assert_int_equal(client_refresh(&c, 3600), 0);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(599);
    expect_channel_open();
    at_s(600);
    expect_channel_over();
}

static void is_refreshed_by_binding_again(void)
{
    assert_int_equal(client_refresh(&c, 3600), 0);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(500);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(1099);
    expect_channel_open();
    at_s(1100);
    expect_channel_over();
}

static void is_not_refreshed_by_data(void)
{
    assert_int_equal(client_refresh(&c, 3600), 0);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(299);
    expect_channel_open();
    at_s(300); /* nor is the permission */
    send_to(media_fd, &relayed, "world");
    expect_silence();
    at_s(599);
    expect_channel_open();
    at_s(600);
    expect_channel_over();
}

static void permission_ends_by_itself(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(300);
    send_to(media_fd, &relayed, "world");
    expect_silence();
    assert_int_equal(client_permit(&c, &media), 0); /* the channel is there still */
    send_to(media_fd, &relayed, "world");
    expect_channel_data(&c, 0x4000, "world");
}

static void may_be_bound_otherwise_then(void)
{
    use_two_peers();
    assert_int_equal(client_refresh(&c, 3600), 0);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    at_s(600);
    client_get_nonce(&c);
    assert_int_equal(client_bind(&c, 0x4001, &media), 0);
    assert_int_equal(client_bind(&c, 0x4000, &media2), 0);
    client_send_channel(&c, 0x4000, "hello");
    expect_at(media2_fd, "hello", &relayed);
    close(media2_fd);
}

static void is_of_one_allocation(void)
{
    struct client other;
    struct addr its_relay;

    use_two_peers();
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    open_client(&other, "127.0.0.1");
    assert_int_equal(client_allocate(&other), 0);
    its_relay = other.reply.xor_relayed;
    assert_int_equal(client_bind(&other, 0x4000, &media2), 0);
    client_send_channel(&other, 0x4000, "other");
    client_expect_silence(&other);
    expect_at(media2_fd, "other", &its_relay);
    expect_channel_open();
    client_close(&other);
    close(media2_fd);
}

static void expires_with_the_allocation(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    assert_int_equal(client_refresh(&c, 0), 0);
    assert_int_equal(client_allocate(&c), 0);
    expect_channel_over();
}

static void send_raw(const char *bytes, size_t len)
{
    client_send(&c, bytes_of(bytes, len));
}

static void other_first_bytes_are_dropped(void)
{
    char packet[] = "\0\0\0\5hello";

    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    for (int first = 0; first < 256; first++) {
        packet[0] = (char) first;
        if (first != 0x40)
            send_raw(packet, sizeof(packet) - 1);
        if (first % 32 == 31)
            expect_nothing_at(media_fd);
    }
}

static void too_short_is_discarded(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    send_raw("\x40\0\0\6hello", 9);
    send_raw("\x40\0\xff\xffhello", 9);
    send_raw("\x40\0\0", 3);
    send_raw("\x40\0", 2);
    send_raw("\x40", 1);
    send_raw("", 0);
    expect_nothing_at(media_fd);
}

static void padding_may_be_there(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    send_raw("\x40\0\0\5hello\0\0\0", 12);
    expect_at(media_fd, "hello", &relayed);
    send_raw("\x40\0\0\5hello", 9);
    expect_at(media_fd, "hello", &relayed);
}

static void unbound_is_discarded(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    client_send_channel(&c, 0x4001, "hello");
    expect_nothing_at(media_fd);
}

static void empty_is_sent(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    client_send_channel(&c, 0x4000, "");
    expect_at(media_fd, "", &relayed);
    send_to(media_fd, &relayed, "");
    expect_channel_data(&c, 0x4000, "");
}

/* Of one peer only; the other one's data comes in indications. */
static void bound_peers_data_comes_by_the_channel(void)
{
    use_two_peers();
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    for (int i = 0; i < 3; i++) {
        send_to(media_fd, &relayed, "one");
        expect_channel_data(&c, 0x4000, "one");
        send_to(media2_fd, &relayed, "two");
        expect_data_indication(&c, &media2, "two");
    }
    close(media2_fd);
}

static void policy_counts_for_each_datagram(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    set_peers(&server, NULL, 0);
    expect_channel_over();
    send_to(media_fd, &relayed, "world");
    expect_silence();
}

static void both_families_have_channels(void)
{
    struct addr list[2] = {media};
    int fd = open_socket("::1", &list[1]);

    set_peers(&server, list, 2);
    assert_int_equal(client_bind(&c, 0x4000, &list[0]), 0);
    assert_int_equal(client_bind(&c, 0x4001, &list[1]), 0);
    client_send_channel(&c, 0x4000, "four");
    expect_at(media_fd, "four", &relayed);
    client_send_channel(&c, 0x4001, "six");
    expect_at(fd, "six", &relayed6);
    send_to(fd, &relayed6, "world");
    expect_channel_data(&c, 0x4001, "world");
    close(fd);
}

static const struct rule rules[] = {
    {.section = "12.2",
     .text = "no XOR-PEER-ADDRESS: 400",
     .before = WITH_ALLOCATION,
     .method = STUN_CHANNEL_BIND,
     .attrs = {NUMBER},
     .code = 400},
    {.section = "12.2",
     .text = "a malformed XOR-PEER-ADDRESS: 400",
     .before = WITH_ALLOCATION,
     .method = STUN_CHANNEL_BIND,
     .attrs = {NUMBER, ATTR(STUN_ATTR_XOR_PEER_ADDRESS, "\0\1\1\1")},
     .code = 400},
    {.section = "12.2",
     .text = "no CHANNEL-NUMBER: 400",
     .before = WITH_ALLOCATION,
     .fn = needs_a_number},
    {.section = "12.2",
     .text = "a malformed CHANNEL-NUMBER: 400",
     .before = WITH_ALLOCATION,
     .fn = number_is_malformed},
    {.section = "18.1",
     .text = "reserved bits of CHANNEL-NUMBER must be ignored",
     .before = WITH_ALLOCATION,
     .fn = reserved_bits_are_ignored},
    {.section = "12.2",
     .text = "numbers are 0x4000 to 0x4FFF, else 400",
     .before = WITH_ALLOCATION,
     .fn = numbers_have_a_range},
    {.section = "12.2",
     .text = "the number is bound to another address: 400",
     .before = WITH_ALLOCATION,
     .fn = number_is_bound},
    {.section = "12.2",
     .text = "the address is bound to another number: 400",
     .before = WITH_ALLOCATION,
     .fn = peer_is_bound},
    {.section = "12.2",
     .text = "these checks come before 443 and 403",
     .before = WITH_ALLOCATION,
     .fn = conflict_comes_before_policy},
    {.section = "12.2",
     .text = "an address of another family: must answer 443",
     .before = WITH_ALLOCATION,
     .fn = another_family},
    {.section = "12.2",
     .text = "an address or port that is not allowed: must answer 403",
     .before = WITH_ALLOCATION,
     .fn = forbidden},
    {.section = "12.2",
     .text = "above capacity: 508",
     .before = WITH_ALLOCATION,
     .fn = capacity_is_limited},
    {.section = "12.2",
     .text = "success needs no attributes, and may be asked for again",
     .before = WITH_ALLOCATION,
     .fn = answer_is_plain},
    {.section = "12.2",
     .text = "a permission is installed as well",
     .before = WITH_ALLOCATION,
     .fn = installs_a_permission},
    {.section = "12",
     .text = "channels of both families of a dual allocation",
     .before = WITH_BOTH,
     .fn = both_families_have_channels},
    {.section = "12",
     .text = "a binding lasts 10 minutes",
     .before = WITH_ALLOCATION,
     .fn = lasts_600_s},
    {.section = "12",
     .text = "binding again resets that time",
     .before = WITH_ALLOCATION,
     .fn = is_refreshed_by_binding_again},
    {.section = "12.6",
     .text = "ChannelData must not refresh binding or permission",
     .before = WITH_ALLOCATION,
     .fn = is_not_refreshed_by_data},
    {.section = "12.1",
     .text = "the permission ends before the channel",
     .before = WITH_ALLOCATION,
     .fn = permission_ends_by_itself},
    {.section = "12",
     .text = "an expired channel can be bound otherwise, and its peer",
     .before = WITH_ALLOCATION,
     .fn = may_be_bound_otherwise_then},
    {.section = "12",
     .text = "channels of two allocations are unrelated",
     .before = WITH_ALLOCATION,
     .fn = is_of_one_allocation},
    {.section = "12",
     .text = "channels expire with the allocation",
     .before = WITH_ALLOCATION,
     .fn = expires_with_the_allocation},
    {.section = "12",
     .text = "other first bytes: must be dropped",
     .before = WITH_ALLOCATION,
     .fn = other_first_bytes_are_dropped},
    {.section = "12.6",
     .text = "a UDP datagram too short for the length: silently discarded",
     .before = WITH_ALLOCATION,
     .fn = too_short_is_discarded},
    {.section = "12.5",
     .text = "padding over UDP is allowed, and not relayed",
     .before = WITH_ALLOCATION,
     .fn = padding_may_be_there},
    {.section = "12.5",
     .text = "over TCP messages must be padded, in both directions",
     .elsewhere = "tests/flow/test_turn_tcp.c:test_data_v4"},
    {.section = "12.6",
     .text = "an unbound channel: silently discarded",
     .before = WITH_ALLOCATION,
     .fn = unbound_is_discarded},
    {.section = "12.6",
     .text = "length 0: an empty datagram is sent",
     .before = WITH_ALLOCATION,
     .fn = empty_is_sent},
    {.section = "12.5",
     .text = "must use ChannelData when a channel is bound to the peer",
     .before = WITH_ALLOCATION,
     .fn = bound_peers_data_comes_by_the_channel},
    {.section = "12.2",
     .text = "the policy is asked for each datagram",
     .before = WITH_ALLOCATION,
     .fn = policy_counts_for_each_datagram},
};

int main(void)
{
    return RUN_RULES("8656 ", rules);
}
