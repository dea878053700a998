/* What does not fit a link: the server and its peers in a network of their own, whose MTU is small.
 */
#include "turn_rules.h"

#include "tests/lib/private_net.h"

#define MTU 1300
#define LARGE 1400

static char large[LARGE + 1];

static void send_large(const struct addr *peer, bool dont_fragment)
{
    struct wr w = indication(STUN_SEND);

    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, peer);
    if (dont_fragment)
        stun_put_bytes(&w, STUN_ATTR_DONT_FRAGMENT, bytes_of(NULL, 0));
    stun_put_bytes(&w, STUN_ATTR_DATA, bytes_str(large));
    send_built(&w);
}

static int setup(void **state)
{
    static const struct rule rule = {.before = WITH_BOTH};
    void *its_state = (void *) &rule;

    (void) state;
    memset(large, 'x', LARGE);
    return rule_setup(&its_state);
}

static int teardown(void **state)
{
    return rule_teardown(state);
}

static void test_fragments(void **state)
{
    (void) state;
    assert_int_equal(client_permit(&c, &media), 0);
    send_large(&media, false);
    expect_at(media_fd, large, &relayed);
}

static void test_dont_fragment(void **state)
{
    struct stun m;

    (void) state;
    assert_int_equal(client_permit(&c, &media), 0);
    send_large(&media, true);
    assert_int_equal(stun_decode(client_receive(&c), &m), 0);
    assert_true(m.has_icmp);
    assert_int_equal(m.icmp_type, 3);
    assert_int_equal(m.icmp_code, 4);
    assert_int_equal(m.icmp_data, MTU);
    assert_true(addr_ip_eq(&m.xor_peer, &media));
    expect_nothing_at(media_fd);
}

/* DF is for the one datagram. */
static void test_next_is_fragmented(void **state)
{
    test_dont_fragment(state);
    send_large(&media, false);
    expect_at(media_fd, large, &relayed);
    assert_int_equal(client_bind(&c, 0x4000, &media), 0);
    client_send_channel(&c, 0x4000, large);
    expect_at(media_fd, large, &relayed);
}

/* Sections 13.1 to 13.3: the attribute counts between IPv4 and IPv4 alone. */
static void test_ignored_between_families(void **state)
{
    struct addr list[2] = {media};
    int fd = open_socket("::1", &list[1]);
    struct client four = c;

    (void) state;
    set_peers(&server, list, 2);
    assert_int_equal(client_permit(&c, &list[1]), 0);
    send_large(&list[1], true);
    expect_at(fd, large, &relayed6);

    open_client(&c, "::1");
    client_get_nonce(&c);
    assert_int_equal(client_allocate(&c), 0);
    relayed = c.reply.xor_relayed;
    assert_int_equal(client_permit(&c, &media), 0);
    send_large(&media, true);
    expect_at(media_fd, large, &relayed);
    close(fd);
    client_close(&four);
}

#define mtu_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        mtu_test(test_fragments),
        mtu_test(test_dont_fragment),
        mtu_test(test_next_is_fragmented),
        mtu_test(test_ignored_between_families),
    };

    if (!private_net_enter() || system("ip link set lo mtu 1300") != 0) { /* NOLINT(cert-env33-c) */
        printf("no network of its own: skipped\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
