/* Every way to the media daemon: TCP as well as UDP, several addresses of ours, addresses of a
 * client's that change in the middle of a call, and those that somebody else pretends to have. */
#include "media_kit.h"

#include "net/udp_socket.h"

/* ---- steps ---- */

static struct wc *connected_publisher_by(bool tcp)
{
    struct wc *c;

    dial_by.tcp = tcp;
    c = connected_publisher();
    dial_by.tcp = false;
    return c;
}

static struct wc *connected_subscriber_by(const char *name, bool tcp)
{
    struct wc *c;

    dial_by.tcp = tcp;
    c = connected_subscriber(name);
    dial_by.tcp = false;
    return c;
}

/* The next packet is the one after this; n are expected. */
static void expect_video(struct wc *sub, uint16_t *next, unsigned n)
{
    uint8_t buf[2048];
    struct rtp p;

    for (unsigned i = 0; i < n; i++) {
        assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
        assert_int_equal(p.seq, *next);
        (*next)++;
    }
}

/* A first packet, whose number starts the count. */
static uint16_t begin_video(struct wc *pub, struct wc *sub)
{
    uint8_t buf[2048];
    struct rtp p;

    send_video(pub, 1, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    return (uint16_t) (p.seq + 1);
}

/* What the statistics say of a transport. */
static char *said_of(const char *key, const char *id, const char *what)
{
    json_t *stats = call("stats", json_pack("{s:s}", "room", "r"));
    json_t *transports = json_object_get(stats, "transports"), *t;
    char *said = NULL;
    size_t i;

    json_array_foreach (transports, i, t) {
        const char *of = json_string_value(json_object_get(t, key));

        if (of && strcmp(of, id) == 0)
            said = strdup(json_string_value(json_object_get(t, what)));
    }
    json_decref(stats);
    assert_non_null(said);
    return said;
}

static void assert_said(const char *key, const char *id, const char *what, const char *expected)
{
    char *said = said_of(key, id, what);

    assert_string_equal(said, expected);
    free(said);
}

static void assert_remote_is(const char *key, const char *id, int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    char text[ADDR_TEXT_SIZE];
    struct addr a;

    assert_int_equal(getsockname(fd, (struct sockaddr *) &sa, &len), 0);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, len, &a), 0);
    assert_said(key, id, "remoteCandidate", addr_format(&a, text));
}

/* ---- TCP ---- */

static void media_over_tcp(bool publisher, bool subscriber)
{
    struct wc *pub = connected_publisher_by(publisher), *sub;
    uint16_t next;

    sub = connected_subscriber_by("a", subscriber);
    next = begin_video(pub, sub);
    for (uint16_t i = 2; i <= 100; i++)
        send_video(pub, i, false);
    expect_video(sub, &next, 99);
    assert_said("stream", "s", "protocol", publisher ? "tcp" : "udp");
    assert_said("subscriber", "a", "protocol", subscriber ? "tcp" : "udp");
    assert_remote_is("subscriber", "a", sub->fd);
    wc_free(pub);
    wc_free(sub);
}

static void by_tcp_to_udp(void **state)
{
    (void) state;
    media_over_tcp(true, false);
}

static void by_udp_to_tcp(void **state)
{
    (void) state;
    media_over_tcp(false, true);
}

static void by_tcp_to_tcp(void **state)
{
    (void) state;
    media_over_tcp(true, true);
}

static void expect_closed(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    uint8_t buf[2048];
    ssize_t n;

    do {
        assert_int_equal(poll(&p, 1, WC_WAIT_MS), 1);
        n = recv(fd, buf, sizeof(buf), 0);
    } while (n > 0);
    assert_int_equal(n, 0);
}

/* How many connections the workers have had. */
static json_int_t count_connections(const char *what)
{
    json_t *stats = call("stats", json_object()), *worker;
    json_int_t n = 0;
    size_t i;

    json_array_foreach (json_object_get(stats, "workers"), i, worker)
        n += json_integer_value(json_object_get(json_object_get(worker, "tcp"), what));
    json_decref(stats);
    return n;
}

static void connections_are_counted(void **state)
{
    json_int_t before = count_connections("connections"), refused = count_connections("refused");
    struct wc *pub = connected_publisher_by(true), stranger = *pub;

    (void) state;
    assert_int_equal(count_connections("connections"), before + 1);
    wc_dial(&stranger, &pub->server, true);
    assert_int_equal(send(stranger.fd, "\x40\x00", 2, 0), 2); /* a datagram of 16,384 bytes */
    assert_int_equal(recv(stranger.fd, &(char){0}, 1, 0), 0);
    close(stranger.fd);
    assert_int_equal(count_connections("connections"), before + 2);
    assert_int_equal(count_connections("refused"), refused + 1);
    wc_free(pub);
}

static void connections_end_with_their_transport(void **state)
{
    struct wc *pub = connected_publisher_by(true), *sub = connected_subscriber_by("a", true);

    (void) state;
    call_and_forget("unsubscribe", json_pack("{s:s, s:s}", "room", "r", "subscriber", "a"));
    expect_closed(sub->fd);
    call_and_forget("closeRoom", json_pack("{s:s}", "room", "r"));
    expect_closed(pub->fd);
    wc_free(pub);
    wc_free(sub);
}

/* The describing words of the pair that is used, for people who look. */
static void pairs_are_described(void **state)
{
    struct wc *pub = connected_publisher_by(true);
    json_t *r = call("describe", json_pack("{s:s, s:s}", "room", "r", "stream", "s"));
    const char *local = json_string_value(json_object_get(r, "localCandidate"));
    const char *remote = json_string_value(json_object_get(r, "remoteCandidate"));

    (void) state;
    assert_non_null(strstr(local, " tcp "));
    assert_non_null(strstr(local, " typ host tcptype passive"));
    assert_non_null(strstr(json_string_value(json_object_get(r, "localSdp")), local));
    assert_non_null(strstr(remote, " tcp "));
    assert_non_null(strstr(remote, " typ prflx tcptype active"));
    json_decref(r);
    wc_free(pub);
}

/* A connection is a transport's alone: checks for another are not even answered on it. */
static void a_connection_has_room_for_one(void **state)
{
    struct wc *pub = connected_publisher_by(true), *sub = subscribe("a");
    int own = sub->fd;
    bool answered;

    (void) state;
    sub->fd = pub->fd;
    sub->tcp = true;
    answered = wc_check(sub, sub->remote_pwd, true, WC_QUIET_MS);
    sub->fd = own;
    sub->tcp = false;
    assert_false(answered);
    wc_connect(sub);
    expect_state("subscriber", "a", "connected");
    wc_free(pub);
    wc_free(sub);
}

/* ---- another address in the middle of a call ---- */

/* Packets are on their way all the time. */
static void move_subscriber(bool from_tcp, bool to_tcp)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber_by("a", from_tcp), before;
    uint16_t next, seq = 2;

    next = begin_video(pub, sub);
    before = *sub;
    for (; seq < 20; seq++)
        send_video(pub, seq, false);
    expect_video(sub, &next, 18);
    sub->server.port = before.server.port;
    wc_dial(sub, &sub->server, to_tcp);
    for (; seq < 40; seq++)
        send_video(pub, seq, false);
    expect_video(&before, &next, 20); /* it does not know yet */
    assert_true(wc_check(sub, sub->remote_pwd, true, WC_WAIT_MS));
    for (; seq < 60; seq++)
        send_video(pub, seq, false);
    expect_video(sub, &next, 20);
    assert_remote_is("subscriber", "a", sub->fd);
    assert_said("subscriber", "a", "protocol", to_tcp ? "tcp" : "udp");
    assert_said("subscriber", "a", "state", "connected");
    close(before.fd);
    send_video(pub, seq, false);
    expect_video(sub, &next, 1);
    wc_free(pub);
    wc_free(sub);
}

static void subscribers_move_without_a_gap(void **state)
{
    (void) state;
    move_subscriber(false, false);
}

static void from_udp_to_tcp(void **state)
{
    (void) state;
    move_subscriber(false, true);
}

static void from_tcp_to_udp(void **state)
{
    (void) state;
    move_subscriber(true, false);
}

/* What is still under way from the old address counts as well. */
static void publishers_move_without_a_gap(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a"), before;
    uint16_t next;

    (void) state;
    next = begin_video(pub, sub);
    before = *pub;
    wc_dial(pub, &pub->server, false);
    assert_true(wc_check(pub, pub->remote_pwd, true, WC_WAIT_MS));
    for (uint16_t seq = 2; seq < 40; seq++) {
        int now = pub->fd;

        if (seq < 20 && seq % 2)
            pub->fd = before.fd;
        send_video(pub, seq, false);
        pub->fd = now;
        expect_video(sub, &next, 1);
    }
    assert_remote_is("stream", "s", pub->fd);
    close(before.fd);
    wc_free(pub);
    wc_free(sub);
}

/* The connection breaks. Media goes where there was a check before, until the peer says better. */
static void a_connection_that_breaks(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    int udp = sub->fd;
    uint16_t next;

    (void) state;
    next = begin_video(pub, sub);
    wc_dial(sub, &sub->server, true);
    assert_true(wc_check(sub, sub->remote_pwd, true, WC_WAIT_MS));
    send_video(pub, 2, false);
    expect_video(sub, &next, 1);
    close(sub->fd);
    sub->fd = udp;
    sub->tcp = false;
    for (unsigned i = 0;; i++) { /* until the daemon has seen it */
        char *protocol = said_of("subscriber", "a", "protocol");
        bool is_udp = strcmp(protocol, "udp") == 0;

        free(protocol);
        if (is_udp)
            break;
        assert_true(i < 500);
        usleep(10000);
    }
    send_video(pub, 3, false);
    expect_video(sub, &next, 1);
    wc_free(pub);
    wc_free(sub);
}

/* ---- several addresses of ours ---- */

/* The client checks both from one socket; media comes from the one that it chose. */
static void answers_come_from_the_address_that_was_nominated(void **state)
{
    struct wc *pub = connected_publisher(), *sub = subscribe("a");
    struct addr second = sub->server;
    struct sockaddr_storage sa;
    uint16_t next;

    (void) state;
    assert_true(wc_check(sub, sub->remote_pwd, false, WC_WAIT_MS));
    assert_said("subscriber", "a", "protocol", "udp");
    second.ip[3] = 2; /* 127.0.0.2 */
    assert_int_equal(connect(sub->fd, (struct sockaddr *) &sa, addr_to_sockaddr(&second, &sa)), 0);
    assert_true(wc_check(sub, sub->remote_pwd, true, WC_WAIT_MS));
    assert_true(wc_handshake(sub, WC_WAIT_MS));
    expect_state("subscriber", "a", "connected");
    next = begin_video(pub, sub);
    send_video(pub, 2, false);
    expect_video(sub, &next, 1);
    wc_free(pub);
    wc_free(sub);
}

/* By IPv6, which loopback has no candidate for. */
static void by_ipv6(void **state)
{
    struct addr any;
    struct wc *pub, *sub;
    uint16_t next;
    int fd;

    (void) state;
    assert_int_equal(addr_parse_ip("::1", 0, &any), 0);
    fd = udp_socket_open(&any, 0);
    if (fd < 0)
        skip();
    close(fd);
    pub = connected_publisher();
    sub = subscribe("a");
    close(sub->fd);
    any.port = sub->server.port;
    sub->server = any;
    wc_dial(sub, &sub->server, false);
    wc_connect(sub);
    expect_state("subscriber", "a", "connected");
    next = begin_video(pub, sub);
    close(sub->fd);
    wc_dial(sub, &sub->server, true);
    assert_true(wc_check(sub, sub->remote_pwd, true, WC_WAIT_MS));
    send_video(pub, 2, false);
    expect_video(sub, &next, 1);
    assert_remote_is("subscriber", "a", sub->fd);
    wc_free(pub);
    wc_free(sub);
}

/* ---- checks that somebody else has seen ---- */

struct seen {
    uint8_t check[WC_CHECK_MAX];
    size_t len;
};

/* The client nominates the pair that it uses; the stranger sees that. */
static void see_check(struct wc *c, struct seen *ret)
{
    ret->len = wc_make_check(c, c->remote_pwd, true, ret->check);
    assert_true(wc_send(c, ret->check, ret->len));
    assert_true(wc_await_response(c, c->remote_pwd, WC_WAIT_MS));
}

static void send_again(struct wc *stranger, const struct seen *s)
{
    assert_true(wc_send(stranger, s->check, s->len));
    assert_true(wc_await_response(stranger, stranger->remote_pwd, WC_WAIT_MS));
}

/* A report, and then a check, by which one knows that it has arrived. */
static void report(struct wc *sub)
{
    uint8_t compound[256];
    struct wr w = wr_init(compound, sizeof(compound));

    rtcp_put_rr(&w, 1, NULL, 0);
    wc_send_rtcp(sub, &w);
    assert_true(wc_check(sub, sub->remote_pwd, false, WC_WAIT_MS));
}

static void nobody_gets_what_is_sent_by_a_check_he_saw(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a"), stranger = *sub;
    struct seen fresh, kept[10];
    uint16_t next, seq = 2;

    (void) state;
    wc_dial(&stranger, &sub->server, false);
    next = begin_video(pub, sub);
    for (unsigned i = 0; i < 10; i++)
        see_check(sub, &kept[i]);
    for (unsigned i = 0; i < 20; i++) { /* at once */
        see_check(sub, &fresh);
        send_again(&stranger, &fresh);
        send_video(pub, seq++, false);
        expect_video(sub, &next, 1);
    }
    report(sub);
    for (unsigned i = 0; i < 10; i++) { /* later */
        send_again(&stranger, &kept[i]);
        if (i == 0)
            report(sub);
        send_video(pub, seq++, false);
        expect_video(sub, &next, 1);
    }
    assert_remote_is("subscriber", "a", sub->fd);
    close(stranger.fd);
    wc_free(pub);
    wc_free(sub);
}

/* ---- under another's address ---- */

/* A check of the attacker's own transport that seems to come from the victim. */
static void claim_address_of(struct wc *victim, const struct wc *attacker)
{
    struct wc forged = *attacker;

    forged.fd = victim->fd;
    forged.tcp = false;
    wc_send_check(&forged, forged.remote_pwd, true);
}

/* What the victim sends arrives all the same. */
static void nobody_takes_a_publishers_address(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    struct wc *attacker = connected_subscriber("b");
    uint16_t next;

    (void) state;
    next = begin_video(pub, sub);
    for (uint16_t seq = 2; seq < 200; seq++) {
        claim_address_of(pub, attacker);
        send_video(pub, seq, false);
        expect_video(sub, &next, 1);
    }
    assert_remote_is("stream", "s", pub->fd);
    wc_free(pub);
    wc_free(sub);
    wc_free(attacker);
}

/* Nor does it keep anybody from connecting. */
static void nobody_takes_a_handshake(void **state)
{
    struct wc *pub = connected_publisher(), *sub = subscribe("a"), *attacker = subscribe("b");
    uint16_t next;

    (void) state;
    assert_true(wc_check(sub, sub->remote_pwd, true, WC_WAIT_MS));
    for (unsigned i = 0; i < 10; i++)
        claim_address_of(sub, attacker);
    assert_true(wc_handshake(sub, WC_WAIT_MS));
    expect_state("subscriber", "a", "connected");
    next = begin_video(pub, sub);
    send_video(pub, 2, false);
    expect_video(sub, &next, 1);
    wc_free(pub);
    wc_free(sub);
    wc_free(attacker);
}

/* A NAT gives a port to the next client while the one before has not been missed yet. */
static void a_port_that_is_given_again(void **state)
{
    struct wc *pub = connected_publisher(), *before = connected_subscriber("b"), *sub;
    uint16_t next;

    (void) state;
    sub = subscribe("a");
    close(sub->fd);
    sub->fd = before->fd;
    wc_connect(sub);
    expect_state("subscriber", "a", "connected");
    call_and_forget("unsubscribe", json_pack("{s:s, s:s}", "room", "r", "subscriber", "b"));
    next = begin_video(pub, sub);
    send_video(pub, 2, false);
    expect_video(sub, &next, 1);
    before->fd = -1;
    wc_free(before);
    wc_free(pub);
    wc_free(sub);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(by_tcp_to_udp),
        TEST(by_udp_to_tcp),
        TEST(by_tcp_to_tcp),
        TEST(connections_are_counted),
        TEST(connections_end_with_their_transport),
        TEST(pairs_are_described),
        TEST(a_connection_has_room_for_one),
        TEST(subscribers_move_without_a_gap),
        TEST(from_udp_to_tcp),
        TEST(from_tcp_to_udp),
        TEST(publishers_move_without_a_gap),
        TEST(a_connection_that_breaks),
        TEST(answers_come_from_the_address_that_was_nominated),
        TEST(by_ipv6),
        TEST(nobody_gets_what_is_sent_by_a_check_he_saw),
        TEST(nobody_takes_a_publishers_address),
        TEST(nobody_takes_a_handshake),
        TEST(a_port_that_is_given_again),
    };

    return cmocka_run_group_tests(tests, setup_daemon, stop_daemon);
}
