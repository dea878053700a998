/* RFC 8656 sections 11 and 13: Send and Data, errors of the network, translation between
 * families. */
#include "turn_rules.h"

/* ---- section 11.2 ---- */

static void send_with(const struct addr *peer, const char *text, uint16_t extra)
{
    struct wr w = indication(STUN_SEND);

    if (peer)
        stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, peer);
    if (extra)
        stun_put_bytes(&w, (enum stun_attr) extra, bytes_of(NULL, 0));
    if (text)
        stun_put_bytes(&w, STUN_ATTR_DATA, bytes_str(text));
    send_built(&w);
}

static void incomplete_is_discarded(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    send_with(NULL, "hello", 0);
    send_with(&media, NULL, 0);
    expect_nothing_at(media_fd);
}

static void malformed_is_discarded(void)
{
    struct wr w;

    assert_int_equal(client_permit(&c, &media), 0);
    w = indication(STUN_SEND);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &media);
    stun_put_bytes(&w, STUN_ATTR_DONT_FRAGMENT, bytes_str("no"));
    stun_put_bytes(&w, STUN_ATTR_DATA, bytes_str("hello"));
    send_built(&w);
    expect_nothing_at(media_fd);
}

static void unknown_is_discarded(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    send_with(&media, "hello", UNKNOWN_REQUIRED);
    expect_nothing_at(media_fd);
    send_with(&media, "hello", UNKNOWN_OPTIONAL);
    expect_at(media_fd, "hello", &relayed);
}

static void without_permission_is_discarded(void)
{
    send_with(&media, "hello", 0);
    expect_nothing_at(media_fd);
}

static void restricted_is_discarded(void)
{
    struct addr foreign;
    int fd = open_socket("127.0.0.1", &foreign);

    assert_int_equal(client_permit(&c, &media), 0);
    send_with(&foreign, "hello", 0); /* the address is right, the port is not */
    expect_nothing_at(fd);
    close(fd);
}

static void is_sent(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    send_with(&media, "hello", 0);
    expect_at(media_fd, "hello", &relayed);
    send_with(&media, "", 0);
    expect_at(media_fd, "", &relayed);
}

static void is_sent_beside_a_channel(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    send_with(&media, "hello", 0);
    expect_at(media_fd, "hello", &relayed);
}

static void dont_fragment_is_sent(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    send_with(&media, "hello", STUN_ATTR_DONT_FRAGMENT);
    expect_at(media_fd, "hello", &relayed);
    send_with(&media, "again", 0);
    expect_at(media_fd, "again", &relayed);
}

static void other_family_is_discarded(void)
{
    struct addr six = ip("::1", 9);

    send_with(&six, "hello", 0);
    expect_silence();
}

/* ---- section 11.3 ---- */

static void data_indication(void)
{
    assert_int_equal(client_permit(&c, &media), 0);
    send_to(media_fd, &relayed, "world");
    expect_data_indication(&c, &media, "world");
    send_to(media_fd, &relayed, "");
    expect_data_indication(&c, &media, "");
}

static void data_needs_permission(void)
{
    send_to(media_fd, &relayed, "world");
    expect_silence();
}

static void data_takes_the_channel(void)
{
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    send_to(media_fd, &relayed, "world");
    expect_channel_data(&c, 0x4000, "world");
}

static void data_of_clients_is_ignored(void)
{
    struct wr w;

    assert_int_equal(client_permit(&c, &media), 0);
    w = indication(STUN_DATA);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, &media);
    stun_put_bytes(&w, STUN_ATTR_DATA, bytes_str("hello"));
    send_built(&w);
    expect_nothing_at(media_fd);
}

/* ---- section 11.5 ---- */

/* A peer that may be reached, whose port nobody has. */
static struct addr closed_port(const char *text)
{
    struct addr list[2] = {media};

    close(open_socket(text, &list[1]));
    set_peers(&server, list, 2);
    return list[1];
}

static void expect_icmp(const struct addr *peer, unsigned type, unsigned code)
{
    struct stun m;

    assert_int_equal(stun_decode(client_receive(&c), &m), 0);
    assert_int_equal(m.class, STUN_INDICATION);
    assert_int_equal(m.method, STUN_DATA);
    assert_true(m.has_icmp);
    assert_null(m.data.p);
    assert_int_equal(m.icmp_type, type);
    assert_int_equal(m.icmp_code, code);
    assert_int_equal(m.icmp_data, 0);
    assert_true(addr_eq(&m.xor_peer, peer));
}

static void error_is_told(void)
{
    struct addr closed = closed_port("127.0.0.1");

    assert_int_equal(client_permit(&c, &closed), 0);
    send_with(&closed, "hello", 0);
    expect_icmp(&closed, 3, 3);
}

static void error_is_told_ipv6(void)
{
    struct addr closed = closed_port("::1");

    assert_int_equal(client_permit(&c, &closed), 0);
    send_with(&closed, "hello", 0);
    expect_icmp(&closed, 1, 4);
}

static void error_of_a_channel_is_told(void)
{
    struct addr closed = closed_port("127.0.0.1");

    assert_int_equal(client_bind(&c, 0x4000, &closed), 0);
    client_send_channel(&c, 0x4000, "hello");
    expect_icmp(&closed, 3, 3);
}

/* The channel is there still, the permission is not. */
static void error_needs_permission(void)
{
    struct addr closed = closed_port("127.0.0.1");

    assert_int_equal(client_bind(&c, 0x4000, &closed), 0);
    at_s(300);
    client_send_channel(&c, 0x4000, "hello");
    expect_silence();
    expect_silence();
}

/* What is sent and what comes while an error waits. */
static void error_loses_nothing(void)
{
    struct addr closed = closed_port("127.0.0.1");

    assert_int_equal(client_permit(&c, &closed), 0);
    for (int i = 0; i < 5; i++) {
        send_with(&closed, "lost", 0);
        send_with(&media, "hello", 0);
        send_to(media_fd, &relayed, "world");
        for (int told = 0, data = 0; told + data < 2;) {
            struct stun m;

            assert_int_equal(stun_decode(client_receive(&c), &m), 0);
            told += m.has_icmp;
            data += m.data.p != NULL;
        }
        expect_at(media_fd, "hello", &relayed);
    }
}

/* Until the server has answered a Binding request: how many errors it told. */
static unsigned errors_told(void)
{
    struct wr w = client_request(&c, STUN_BINDING);
    unsigned n = 0;
    struct stun m;

    send_built(&w);
    for (;;) {
        assert_int_equal(stun_decode(client_receive(&c), &m), 0);
        if (m.class == STUN_SUCCESS)
            return n;
        n += m.has_icmp;
    }
}

static unsigned errors_of(const struct addr *closed, unsigned n_sent)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_sent; i++) {
        send_with(closed, "hello", 0);
        n += errors_told();
    }
    return n + errors_told() + errors_told();
}

static void errors_are_limited(void)
{
    struct addr closed = closed_port("127.0.0.1");

    assert_int_equal(client_permit(&c, &closed), 0);
    assert_int_equal(errors_of(&closed, 30), 10);
    at_s(1);
    assert_int_equal(errors_of(&closed, 5), 5);
}

/* ---- section 13 ---- */

static int media6_fd;
static struct addr media6;

static void use_media6(void)
{
    struct addr list[2] = {media};

    media6_fd = open_socket("::1", &media6);
    list[1] = media6;
    set_peers(&server, list, 2);
}

/* One hop left, a class, no fragments: what the client's own packets have. */
static void mark_packets(int fd, bool v6)
{
    int hops = 3, class = 0x28;

    if (v6) {
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops)), 0);
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof(class)), 0);
    } else {
        assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_TTL, &hops, sizeof(hops)), 0);
        assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_TOS, &class, sizeof(class)), 0);
    }
}

static void ask_for_fields(int fd, bool v6)
{
    int on = 1;

    if (v6) {
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on)), 0);
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on)), 0);
    } else {
        assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)), 0);
        assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)), 0);
    }
}

/* The datagram that waits at fd has the text, and a new packet's fields. */
static void expect_fresh_packet(int fd, const char *text)
{
    _Alignas(struct cmsghdr) uint8_t control[128];
    char buf[64];
    struct iovec part = {buf, sizeof(buf)};
    struct msghdr h = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    int hops = -1, class = -1;

    expect_silence();
    assert_int_equal(recvmsg(fd, &h, 0), strlen(text));
    assert_memory_equal(buf, text, strlen(text));
    for (struct cmsghdr *m = CMSG_FIRSTHDR(&h); m; m = CMSG_NXTHDR(&h, m)) {
        if (m->cmsg_type == (m->cmsg_level == IPPROTO_IPV6 ? IPV6_HOPLIMIT : IP_TTL))
            memcpy(&hops, CMSG_DATA(m), sizeof(hops));
        else
            class = *CMSG_DATA(m);
    }
    assert_int_equal(hops, 64);
    assert_int_equal(class, 0);
}

static void translate(const char *from_ip, bool to_v6)
{
    const struct addr *peer;
    int fd;

    use_media6();
    client_close(&c);
    open_client(&c, from_ip);
    client_get_nonce(&c);
    assert_int_equal(
        ask(&c, STUN_ALLOCATE, UDP_WANTED, ATTR(STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, "\2\0\0\0")),
        0);
    relayed = to_v6 ? c.reply.xor_relayed2 : c.reply.xor_relayed;
    peer = to_v6 ? &media6 : &media;
    fd = to_v6 ? media6_fd : media_fd;
    assert_int_equal(client_permit(&c, peer), 0);
    mark_packets(c.fd, c.addr.family == AF_INET6);
    ask_for_fields(fd, to_v6);
    send_with(peer, "hello", 0);
    expect_fresh_packet(fd, "hello");
    send_with(peer, "whole", STUN_ATTR_DONT_FRAGMENT); /* is ignored */
    expect_fresh_packet(fd, "whole");
    send_to(fd, &relayed, "world");
    expect_data_indication(&c, peer, "world");
    assert_int_equal(client_bind(&c, 0x4000, peer), 0);
    client_send_channel(&c, 0x4000, "channel");
    expect_fresh_packet(fd, "channel");
    close(media6_fd);
}

static void from_4_to_6(void)
{
    translate("127.0.0.1", true);
}

static void from_6_to_6(void)
{
    translate("::1", true);
}

static void from_6_to_4(void)
{
    translate("::1", false);
}

static const struct rule rules[] = {
    {.section = "11.2",
     .text = "must contain XOR-PEER-ADDRESS and DATA, else discarded",
     .before = WITH_ALLOCATION,
     .fn = incomplete_is_discarded},
    {.section = "11.2",
     .text = "a malformed one is discarded",
     .before = WITH_ALLOCATION,
     .fn = malformed_is_discarded},
    {.section = "8489 6.3.2",
     .text = "unknown comprehension-required attribute: discarded",
     .before = WITH_ALLOCATION,
     .fn = unknown_is_discarded},
    {.section = "11.2",
     .text = "no permission for the address: silently discarded",
     .before = WITH_ALLOCATION,
     .fn = without_permission_is_discarded},
    {.section = "11.2",
     .text = "a peer that the policy refuses: must silently discard",
     .before = WITH_ALLOCATION,
     .fn = restricted_is_discarded},
    {.section = "11.2",
     .text = "a peer of a family without relay is discarded",
     .before = WITH_ALLOCATION,
     .fn = other_family_is_discarded},
    {.section = "11.2",
     .text = "from the relayed address to the peer, the contents of DATA",
     .before = WITH_ALLOCATION,
     .fn = is_sent},
    {.section = "11.1",
     .text = "may be used though a channel is bound",
     .before = WITH_ALLOCATION,
     .fn = is_sent_beside_a_channel},
    {.section = "11.2",
     .text = "DONT-FRAGMENT is no unknown attribute",
     .before = WITH_ALLOCATION,
     .fn = dont_fragment_is_sent},
    {.section = "14",
     .text = "DONT-FRAGMENT sets DF: what is too large is not sent, but told",
     .elsewhere = "tests/flow/test_turn_mtu.c:test_dont_fragment"},
    {.section = "14",
     .text = "otherwise DF is 0: what is too large is fragmented",
     .elsewhere = "tests/flow/test_turn_mtu.c:test_fragments"},

    {.section = "11.3",
     .text = "a Data indication must contain XOR-PEER-ADDRESS and DATA",
     .before = WITH_ALLOCATION,
     .fn = data_indication},
    {.section = "11.3",
     .text = "relaying must be permitted",
     .before = WITH_ALLOCATION,
     .fn = data_needs_permission},
    {.section = "11.3",
     .text = "when a channel is bound, it is used",
     .before = WITH_ALLOCATION,
     .fn = data_takes_the_channel},
    {.section = "11.4",
     .text = "a Data indication of a client means nothing",
     .before = WITH_ALLOCATION,
     .fn = data_of_clients_is_ignored},

    {.section = "11.5",
     .text = "ICMP: Data indication with XOR-PEER-ADDRESS and ICMP, no DATA",
     .before = WITH_ALLOCATION,
     .fn = error_is_told},
    {.section = "11.5", .text = "ICMPv6 as well", .before = WITH_BOTH, .fn = error_is_told_ipv6},
    {.section = "11.5",
     .text = "a bound channel changes nothing about it",
     .before = WITH_ALLOCATION,
     .fn = error_of_a_channel_is_told},
    {.section = "11.5",
     .text = "must compare whom was sent to with the permissions",
     .before = WITH_ALLOCATION,
     .fn = error_needs_permission},
    {.section = "11.5",
     .text = "no datagram is lost to another one's error",
     .before = WITH_ALLOCATION,
     .fn = error_loses_nothing},
    {.section = "11.5",
     .text = "errors are told at a limited rate",
     .before = WITH_ALLOCATION,
     .fn = errors_are_limited},
    {.section = "11.5",
     .text = "other types of ICMP are dropped",
     .elsewhere = "tests/unit/turn/test_icmp.c:test_other_types"},
    {.section = "18.13",
     .text = "Error Data is the MTU of \"too big\"",
     .elsewhere = "tests/flow/test_turn_mtu.c:test_dont_fragment"},

    {.section = "13.1",
     .text = "IPv4 to IPv6: default hop limit and class; DONT-FRAGMENT ignored",
     .fn = from_4_to_6},
    {.section = "13.2",
     .text = "IPv6 to IPv6: default hop limit and class; DONT-FRAGMENT ignored",
     .fn = from_6_to_6},
    {.section = "13.3",
     .text = "IPv6 to IPv4: default TTL and class; DONT-FRAGMENT ignored",
     .fn = from_6_to_4},
    {.section = "13.1-13.3",
     .text = "DONT-FRAGMENT must be ignored when it would matter",
     .elsewhere = "tests/flow/test_turn_mtu.c:test_ignored_between_families"},
};

int main(void)
{
    return RUN_RULES("8656 ", rules);
}
