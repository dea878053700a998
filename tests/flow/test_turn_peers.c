/* Whom a relay reaches, and whom not: the daemon in a network in which every address leads to this
 * machine, with somebody listening on the ports that matter, so that nothing that leaves a relay
 * goes unseen. Each form of address is tried by CreatePermission, ChannelBind, Send indication and
 * ChannelData, and as the source of datagrams; under three policies, one after the other by
 * reloads, with the allocations that the ones before have left. */
#include "turn_client.h"

#include "link/link.h"
#include "tests/lib/child.h"
#include "tests/lib/private_net.h"

#include <arpa/inet.h>
#include <signal.h>
#include <time.h>

#define OWN "62.1.1.4" /* of an interface, as the four below */
#define OWN6 "2a00:62::4"
#define EXTERNAL "62.1.1.9"
#define PATIENCE_MS 20000
#define TRIES 2000 /* of something that comes true in milliseconds */

enum policy { MEDIA, PUBLIC, LISTS, N_POLICIES };

#define LISTS_TEXT                                                                                 \
    "allowed_peers = [\"0.0.0.0/0:40000\", \"[::/0]:40000\"];\n"                                   \
    "denied_peers = [\"10.7.0.1:40000\", \"8.8.4.0/24\"];\n"

static const char *const policies[N_POLICIES] = {
    [MEDIA] = "",
    [PUBLIC] = "peers = \"public\";\n",
    [LISTS] = LISTS_TEXT,
};

/* Redis's, the web server's, and two more than media's */
static const uint16_t ports[] = {40000, 40001, 6379, 443, 80};

#define N_PORTS (sizeof(ports) / sizeof(ports[0]))

/* For each policy: 'P' passes; 'i' a permission, but nothing passes to this port; '-' neither. */
static const struct row {
    const char *ip;
    uint16_t port;
    char verdicts[N_POLICIES + 1];
} rows[] = {
    /* what the media daemons told, and other ports of the same addresses */
    {OWN, 40000, "PPP"},
    {OWN, 40001, "iii"},
    {OWN, 6379, "iii"},
    {OWN, 443, "iii"},
    {OWN6, 40000, "PPP"},
    {OWN6, 40001, "iii"},
    {OWN6, 443, "iii"},
    {"127.0.0.1", 40000, "PPP"},
    {"127.0.0.1", 40001, "iii"},
    {"127.0.0.1", 6379, "iii"},
    {"127.0.0.1", 443, "iii"},
    {"127.0.0.1", 80, "iii"},
    {"10.7.0.1", 40000, "PPi"}, /* of the second daemon */
    {"10.7.0.1", 40001, "iii"},
    {"::ffff:127.0.0.1", 40000, "PPP"}, /* the same by another name */
    {"::ffff:127.0.0.1", 6379, "iii"},
    {"::ffff:62.1.1.4", 443, "iii"},
    /* own addresses that media did not tell */
    {"10.7.0.4", 40000, "---"},
    {"10.7.0.4", 6379, "---"},
    {"fd07::4", 40000, "---"},
    {EXTERNAL, 40000, "---"},
    {EXTERNAL, 443, "---"},
    {"127.0.0.2", 40000, "---"},
    {"::1", 40000, "---"},
    {"::1", 6379, "---"},
    /* the Internet */
    {"8.8.8.8", 40000, "-PP"},
    {"8.8.8.8", 443, "-Pi"},
    {"8.8.4.4", 40000, "-P-"},
    {"2a00:1450::8", 40000, "-PP"},
    {"2a00:1450::8", 40001, "-Pi"},
    /* special, of IPv4 */
    {"10.1.2.3", 40000, "--P"},
    {"10.1.2.3", 6379, "--i"},
    {"100.64.0.1", 40000, "--P"},
    {"172.16.0.1", 40000, "--P"},
    {"192.0.0.1", 40000, "--P"},
    {"192.0.0.8", 40000, "--P"},
    {"192.0.0.9", 40000, "--P"},
    {"192.0.0.10", 40000, "--P"},
    {"192.0.0.170", 40000, "--P"},
    {"192.0.2.1", 40000, "--P"},
    {"192.31.196.1", 40000, "--P"},
    {"192.52.193.1", 40000, "--P"},
    {"192.88.99.2", 40000, "--P"},
    {"192.168.1.1", 40000, "--P"},
    {"192.175.48.1", 40000, "--P"},
    {"198.18.0.1", 40000, "--P"},
    {"198.51.100.1", 40000, "--P"},
    {"203.0.113.1", 40000, "--P"},
    {"240.0.0.1", 40000, "--P"},
    {"0.0.0.0", 40000, "---"},
    {"0.1.2.3", 40000, "---"},
    {"169.254.169.254", 40000, "---"},
    {"169.254.169.254", 80, "---"},
    {"224.0.0.1", 40000, "---"},
    {"239.255.255.250", 40000, "---"},
    {"255.255.255.255", 40000, "---"},
    {"168.63.129.16", 80, "---"},
    {"100.100.100.200", 40000, "---"},
    /* special, of IPv6 */
    {"100::1", 40000, "--P"},
    {"100:0:0:1::1", 40000, "--P"},
    {"2001:1::1", 40000, "--P"},
    {"2001:2::1", 40000, "--P"},
    {"2001:3::1", 40000, "--P"},
    {"2001:4:112::1", 40000, "--P"},
    {"2001:10::1", 40000, "--P"},
    {"2001:20::1", 40000, "--P"},
    {"2001:30::1", 40000, "--P"},
    {"2001:db8::1", 40000, "--P"},
    {"2620:4f:8000::1", 40000, "--P"},
    {"3fff::1", 40000, "--P"},
    {"4000::1", 40000, "--P"},
    {"5f00::1", 40000, "--P"},
    {"fd00::1", 40000, "--P"},
    {"fec0::1", 40000, "--P"},
    {"::", 40000, "---"},
    {"fe80::1", 40000, "---"},
    {"ff02::1", 40000, "---"},
    {"fd00:ec2::254", 80, "---"},
    /* IPv4 within IPv6: the outer address is special, or public; both must be allowed */
    {"::8.8.8.8", 40000, "--P"},
    {"::127.0.0.1", 40001, "--i"}, /* of media, and the port is not */
    {"::127.0.0.2", 40000, "---"},
    {"::10.7.0.4", 40000, "---"},
    {"::ffff:0:8.8.8.8", 40000, "--P"},
    {"::ffff:0:127.0.0.1", 6379, "--i"},
    {"2002:808:808::1", 40000, "--P"},
    {"2002:7f00:2::1", 40000, "---"},
    {"2002:3e01:109::1", 40000, "---"}, /* the external address */
    {"2001:0:808:808::f7f7:f7f6", 40000, "--P"},
    {"2001:0:808:808::80ff:fffd", 40000, "---"}, /* client 127.0.0.2 */
    {"2001:0:a07:4::f7f7:f7f6", 40000, "---"},   /* server 10.7.0.4 */
    {"64:ff9b::8.8.8.8", 40000, "--P"},
    {"64:ff9b::8.8.4.4", 40000, "---"},
    {"64:ff9b::62.1.1.4", 443, "--i"},
    {"64:ff9b::169.254.169.254", 40000, "---"},
    {"64:ff9b:1::8.8.8.8", 40000, "--P"},
    {"64:ff9b:1:a07:0:400::", 40000, "---"}, /* 10.7.0.4 behind a /48 */
    {"64:ff9b:1:7f:0:2::", 40000, "---"},    /* 127.0.0.2 behind a /56 */
    {"2a00:1450::5efe:8.8.8.8", 40000, "-PP"},
    {"2a00:1450::5efe:10.1.2.3", 40000, "--P"},
    {"2a00:1450::200:5efe:10.7.0.4", 40000, "---"},
    {"2a00:1450::5efe:127.0.0.2", 40000, "---"},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static struct server_under_test under; /* what clients want to know: the loop and the port */
static struct child *turn;
static struct link *links[2];
static struct link_listener *listeners[2];
static struct client clients[N_ROWS];
static struct addr relayed[N_ROWS];
static int sinks[N_PORTS][2]; /* IPv4, IPv6 */
static bool alone;

/* ---- the network ---- */

static bool enter(void)
{
    static const char command[] =
        "for a in " OWN "/32 10.7.0.4/32; do ip addr add $a dev lo || exit 1; done;"
        "for a in " OWN6 "/128 fd07::4/128; do ip addr add $a dev lo nodad || exit 1; done;"
        "ip route add local default dev lo && ip -6 route add local default dev lo";

    return private_net_enter() && system(command) == 0; /* NOLINT(cert-env33-c): a constant */
}

/* They may send from any address. */
static void open_sinks(void)
{
    for (size_t i = 0; i < N_PORTS; i++) {
        struct addr any[] = {ip("0.0.0.0", ports[i]), ip("::", ports[i])};

        for (size_t v6 = 0; v6 < 2; v6++) {
            sinks[i][v6] = udp_socket_open(&any[v6], 0);
            assert_true(sinks[i][v6] >= 0);
            (void) setsockopt(sinks[i][v6], v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                              v6 ? IPV6_FREEBIND : IP_FREEBIND, &(int){1}, sizeof(int));
        }
    }
}

/* What waits at any of them; 0: nothing, else the port, and the text in buf. */
static uint16_t drain_sinks(char *buf, size_t size)
{
    struct addr from;
    uint16_t port = 0;

    for (size_t i = 0; i < N_PORTS; i++) {
        for (size_t v6 = 0; v6 < 2; v6++) {
            while (receive_now(sinks[i][v6], buf, size, &from) >= 0) {
                assert_int_equal(port, 0); /* one alone */
                port = ports[i];
            }
        }
    }
    return port;
}

/* From the row's address, if a datagram can come from there at all. */
static void send_from(const struct row *r, const struct addr *from, const struct addr *to,
                      const char *text)
{
    struct udp_control control;
    struct sockaddr_storage sa;
    struct iovec iov = {(void *) text, strlen(text)};
    struct msghdr h = {.msg_name = &sa, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
    bool v6 = to->family == AF_INET6;

    h.msg_namelen = addr_to_sockaddr(to, &sa);
    h.msg_controllen = udp_control_put_local(&control, 0, from, v6);
    for (size_t i = 0; i < N_PORTS; i++) {
        if (ports[i] == r->port)
            (void) sendmsg(sinks[i][v6], &h, 0);
    }
}

/* ---- the media daemons ---- */

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    (void) k, (void) method, (void) params;
    if (arg == &links[0])
        link_reply(rq, json_pack("{s:s, s:[{s:s, s:i}, {s:s, s:i}, {s:s, s:i}]}", "node", "a",
                                 "peers", "ip", OWN, "port", 40000, "ip", OWN6, "port", 40000, "ip",
                                 "127.0.0.1", "port", 40000));
    else
        link_reply(rq, json_pack("{s:s, s:[{s:s, s:i}]}", "node", "b", "peers", "ip", "10.7.0.1",
                                 "port", 40000));
}

static void on_accept(struct link_listener *ls, int fd, void *arg)
{
    static const struct link_handlers handlers = {.on_request = on_request};
    struct link **k = arg;

    (void) ls;
    link_free(*k);
    assert_int_equal(link_new(under.loop, fd, &handlers, arg, k), 0);
}

/* ---- the daemon ---- */

static void write_settings(enum policy policy)
{
    char a[CHILD_PATH_SIZE], b[CHILD_PATH_SIZE];

    assert_int_equal(child_write(turn, "config",
                                 "listen = [\"udp:%s:3478\", \"udp:[%s]:3478\"];\n"
                                 "secret = \"%s\"; realm = \"%s\"; media = [\"%s\", \"%s\"];\n"
                                 "external_ip = \"%s\"; total_quota = 1000;\n%s",
                                 OWN, OWN6, SECRET, REALM, child_path(turn, "a", a),
                                 child_path(turn, "b", b), EXTERNAL, policies[policy]),
                     0);
}

static void open_client(struct client *c, bool v6)
{
    char user[64];

    client_open(c, &under, v6 ? OWN6 : OWN, v6 ? OWN6 : OWN);
    snprintf(user, sizeof(user), "%lld:row%u", (long long) time(NULL) + 3600, c->addr.port);
    client_set_user(c, SECRET, user);
    client_get_nonce(c);
}

static unsigned allocate(struct client *c, bool v6)
{
    struct wr w = client_request(c, STUN_ALLOCATE);

    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    if (v6)
        stun_put_u32(&w, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2u << 24);
    return client_exchange(c, &w);
}

/* The thread has taken the policy when this comes out as it shall. */
static void await_permission(const char *peer, bool granted)
{
    static struct client c;
    struct addr a = ip(peer, 1);
    unsigned n = 0;

    open_client(&c, false);
    assert_int_equal(allocate(&c, false), 0);
    while ((client_permit(&c, &a) == 0) != granted && n++ < TRIES)
        usleep(1000);
    assert_true(n < TRIES);
    assert_true(n < TRIES);
    assert_int_equal(client_refresh(&c, 0), 0);
    client_close(&c);
}

static void reload(enum policy policy)
{
    write_settings(policy);
    assert_int_equal(kill(child_pid(turn), SIGHUP), 0);
    assert_int_equal(child_wait_ready(turn, PATIENCE_MS), 0);
    await_permission("8.8.4.4", policy == PUBLIC);
    await_permission("10.1.2.3", policy == LISTS);
}

/* ---- the table ---- */

/* As it stands in the attribute, mapped addresses as they are. */
static struct addr on_the_wire(const struct row *r)
{
    struct addr a = {.family = strchr(r->ip, ':') ? AF_INET6 : AF_INET, .port = r->port};

    assert_int_equal(inet_pton(a.family, r->ip, a.ip), 1);
    return a;
}

/* Which a server takes it for. */
static struct addr meant(const struct row *r)
{
    return ip(r->ip, r->port);
}

#define expect(condition, r, policy, what)                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s port %u, policy %d: %s", (r)->ip, (r)->port, (int) (policy), what);       \
    } while (0)

/* Nothing came back, and everything that the client sent has left the server. */
static void settle(struct client *c)
{
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(client_refresh(c, 3600), 0);
}

static void expect_passing(struct client *c, const struct row *r, enum policy policy,
                           const char *text, const char *how)
{
    char buf[64] = "";
    uint16_t port;

    settle(c);
    port = drain_sinks(buf, sizeof(buf));
    if (r->verdicts[policy] == 'P')
        expect(port == r->port && strcmp(buf, text) == 0, r, policy, how);
    else
        expect(port == 0, r, policy, how);
}

/* What comes from there reaches the client, by its channel, or does not. */
static void check_answers(size_t i, enum policy policy)
{
    const struct row *r = &rows[i];
    struct client *c = &clients[i];
    struct addr from = meant(r);
    struct bytes data;
    uint16_t channel;

    send_from(r, &from, &relayed[i], "answer");
    if (r->verdicts[policy] != 'P') {
        settle(c);
        return;
    }
    expect(chandata_decode(client_receive(c), &channel, &data) == 0 && channel == 0x4000 &&
               bytes_eq_str(data, "answer"),
           r, policy, "answer");
}

static void check_data(size_t i, enum policy policy)
{
    struct addr peer = on_the_wire(&rows[i]);

    client_send_indication(&clients[i], &peer, "by Send");
    expect_passing(&clients[i], &rows[i], policy, "by Send", "Send");
    client_send_channel(&clients[i], 0x4000, "by ChannelData");
    expect_passing(&clients[i], &rows[i], policy, "by ChannelData", "ChannelData");
    check_answers(i, policy);
}

static void check_requests(size_t i, enum policy policy)
{
    const struct row *r = &rows[i];
    struct addr peer = on_the_wire(r);
    char verdict = r->verdicts[policy];

    expect(client_permit(&clients[i], &peer) == (verdict == '-' ? 403 : 0), r, policy,
           "CreatePermission");
    expect(client_bind(&clients[i], 0x4000, &peer) == (verdict == 'P' ? 0 : 403), r, policy,
           "ChannelBind");
}

static void test_table(void **state)
{
    static const enum policy order[] = {MEDIA, PUBLIC, LISTS, MEDIA, LISTS, PUBLIC};

    (void) state;
    if (!alone)
        skip();
    for (size_t i = 0; i < N_ROWS; i++) {
        bool v6 = meant(&rows[i]).family == AF_INET6;

        open_client(&clients[i], v6);
        assert_int_equal(allocate(&clients[i], v6), 0);
        relayed[i] = clients[i].reply.xor_relayed;
        if (!v6) /* told is the external one */
            memcpy(relayed[i].ip, ip(OWN, 0).ip, sizeof(relayed[i].ip));
    }
    for (size_t n = 0; n < sizeof(order) / sizeof(order[0]); n++) {
        if (n > 0) {
            reload(order[n]);
            for (size_t i = 0; i < N_ROWS; i++) {
                /* with the permissions and channels from before: what was and is allowed passes */
                if (rows[i].verdicts[order[n - 1]] == 'P' || rows[i].verdicts[order[n]] != 'P')
                    check_data(i, order[n]);
            }
        }
        for (size_t i = 0; i < N_ROWS; i++) {
            check_requests(i, order[n]);
            check_data(i, order[n]);
        }
    }
}

static int setup(void **state)
{
    char path[CHILD_PATH_SIZE];

    (void) state;
    if (!alone)
        return 0;
    log_init("test", LOG_LEVEL_ERROR);
    assert_int_equal(loop_new(&under.loop), 0);
    under.worker.listeners[0].bound.port = 3478;
    open_sinks();
    assert_int_equal(child_new("visavis-turn", &turn), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(link_listen(under.loop, child_path(turn, i == 0 ? "a" : "b", path),
                                     on_accept, &links[i], &listeners[i]),
                         0);
    write_settings(MEDIA);
    assert_int_equal(child_start_daemon(turn, "visavis-turn"), 0);
    await_permission(OWN, true);
    await_permission("10.7.0.1", true);
    return 0;
}

static int teardown(void **state)
{
    int r;

    (void) state;
    if (!alone)
        return 0;
    r = child_stop(turn);
    turn = child_free(turn);
    for (size_t i = 0; i < N_ROWS; i++)
        client_close(&clients[i]);
    for (size_t i = 0; i < 2; i++) {
        link_free(links[i]);
        link_listener_free(listeners[i]);
    }
    loop_free(under.loop);
    return r;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table, setup, teardown),
    };

    alone = enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
