/* Behind a 1:1 NAT that does not lead packets back in: a client outside, the daemons inside on one
 * machine, media announced by its public address alone. The client's relay reaches media. */
#include "turn_client.h"

#include "codec/sdp.h"
#include "tests/lib/child.h"
#include "tests/lib/media_client.h"
#include "tests/lib/nat_net.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#define INSIDE NAT_INSIDE_IP
#define PUBLIC NAT_PUBLIC_IP
#define OUTSIDE NAT_OUTSIDE_IP
#define TURN_PORT 3478
#define MEDIA_PORT 40000
#define PATIENCE_MS 20000

static struct server_under_test under; /* what clients want to know: the loop and the port */
static struct child *turn, *media;
static struct media_client *signaling;
static struct client c;
static bool possible;

/* Of media's answer. */
static char answer[RTC_SDP_SIZE], ufrag[64], pwd[64];

/* ---- the daemons ---- */

static void write_turn_config(const char *more)
{
    char path[CHILD_PATH_SIZE];

    assert_int_equal(child_write(turn, "config",
                                 "listen = [\"udp:0.0.0.0:%d\"];\nsecret = \"%s\";\n"
                                 "realm = \"%s\";\nexternal_ip = \"%s\";\nmedia = [\"%s\"];\n%s",
                                 TURN_PORT, SECRET, REALM, PUBLIC,
                                 child_path(media, "control", path), more),
                     0);
}

static void start_daemons(void)
{
    char path[CHILD_PATH_SIZE];

    assert_true(nat_net_enter(NAT_INSIDE));
    assert_int_equal(child_new("visavis-media", &media), 0);
    assert_int_equal(child_new("visavis-turn", &turn), 0);
    assert_int_equal(child_write(media, "config",
                                 "control = \"%s\";\nport = %d;\nworkers = 1;\n"
                                 "public_ips = [\"%s\"];\n",
                                 child_path(media, "control", path), MEDIA_PORT, PUBLIC),
                     0);
    write_turn_config("");
    assert_int_equal(child_start_daemon(media, "visavis-media"), 0);
    assert_int_equal(child_start_daemon(turn, "visavis-turn"), 0);
    assert_int_equal(media_client_new(under.loop, path, NULL, NULL, &signaling), 0);
    assert_true(nat_net_enter(NAT_OUTSIDE));
}

static void copy(char *to, size_t size, struct bytes from)
{
    assert_true(from.len < size);
    memcpy(to, from.p, from.len);
    to[from.len] = '\0';
}

/* A publisher, of whom the description alone is there. */
static void publish(void)
{
    static const char offer[] =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:ours\r\n"
        "a=ice-pwd:0123456789abcdefghijklmn\r\na=fingerprint:sha-256 "
        "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
        "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
        "a=setup:actpass\r\na=rtcp-mux\r\na=sendonly\r\na=mid:0\r\n"
        "a=rtpmap:111 opus/48000/2\r\na=ssrc:1 cname:x\r\n";
    static struct sdp sdp;
    json_t *result;

    assert_int_equal(
        media_client_call(signaling, "publish",
                          json_pack("{s:s, s:s, s:s}", "room", "r", "stream", "s", "offer", offer),
                          &result),
        0);
    snprintf(answer, sizeof(answer), "%s", json_string_value(json_object_get(result, "answer")));
    json_decref(result);
    assert_non_null(strstr(answer, PUBLIC));
    assert_null(strstr(answer, INSIDE));
    assert_int_equal(sdp_decode(bytes_str(answer), &sdp, NULL), 0);
    copy(ufrag, sizeof(ufrag), sdp.media[0].ufrag);
    copy(pwd, sizeof(pwd), sdp.media[0].pwd);
}

/* ---- connectivity checks (RFC 8445) ---- */

static struct bytes make_check(uint8_t buf[static 256])
{
    static const uint8_t tid[STUN_TID_SIZE] = {7};
    struct wr w = wr_init(buf, 256);
    char username[160];
    size_t len;

    snprintf(username, sizeof(username), "%s:ours", ufrag);
    stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(username));
    stun_put_u32(&w, STUN_ATTR_PRIORITY, 1);
    stun_put_u64(&w, STUN_ATTR_ICE_CONTROLLING, 1);
    stun_put_integrity(&w, bytes_str(pwd));
    stun_put_fingerprint(&w);
    assert_int_equal(stun_finish(&w, &len), 0);
    return bytes_of(buf, len);
}

static void expect_success(struct bytes data)
{
    struct stun m;

    assert_int_equal(stun_decode(data, &m), 0);
    assert_int_equal(m.class, STUN_SUCCESS);
    assert_true(stun_integrity_ok(&m, bytes_str(pwd)));
}

/* From inside nobody reaches the public address: the router has no such way. */
static void expect_no_hairpin(void)
{
    struct addr own, to = ip(PUBLIC, MEDIA_PORT);
    uint8_t buf[256];
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(&to, &sa);
    struct pollfd p = {.events = POLLIN};
    struct bytes check = make_check(buf);

    assert_true(nat_net_enter(NAT_INSIDE));
    p.fd = open_socket(INSIDE, &own);
    assert_true(nat_net_enter(NAT_OUTSIDE));
    assert_int_equal(setsockopt(p.fd, IPPROTO_IP, IP_RECVERR, &(int){1}, sizeof(int)), 0);
    assert_int_equal(connect(p.fd, (struct sockaddr *) &sa, len), 0);
    assert_int_equal(send(p.fd, check.p, check.len, 0), check.len);
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_int_equal(recv(p.fd, buf, sizeof(buf), 0), -1); /* unreachable */
    close(p.fd);
}

static void open_client(void)
{
    char user[64];

    client_open(&c, &under, OUTSIDE, PUBLIC);
    snprintf(user, sizeof(user), "%lld:x%u", (long long) time(NULL) + 3600, c.addr.port);
    client_set_user(&c, SECRET, user);
    assert_int_equal(client_allocate(&c), 0);
}

static void send_check(const struct addr *peer)
{
    static const uint8_t tid[STUN_TID_SIZE] = {9};
    struct wr w = wr_init(c.tx, sizeof(c.tx));
    uint8_t buf[256];
    size_t len;

    stun_begin(&w, STUN_INDICATION, STUN_SEND, tid);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_PEER_ADDRESS, peer);
    stun_put_bytes(&w, STUN_ATTR_DATA, make_check(buf));
    assert_int_equal(stun_finish(&w, &len), 0);
    client_send(&c, bytes_of(c.tx, len));
}

/* By Send and Data indications, and by a channel. */
static void expect_media_reached(const struct addr *peer)
{
    struct bytes data;
    uint16_t channel;
    struct stun m;
    uint8_t buf[256];
    size_t len;

    assert_int_equal(client_permit(&c, peer), 0);
    send_check(peer);
    assert_int_equal(stun_decode(client_receive(&c), &m), 0);
    assert_int_equal(m.method, STUN_DATA);
    assert_true(addr_eq(&m.xor_peer, peer));
    expect_success(m.data);

    assert_int_equal(client_bind(&c, 0x4000, peer), 0);
    data = make_check(buf);
    assert_int_equal(chandata_encode(c.tx, sizeof(c.tx), 0x4000, data, &len), 0);
    client_send(&c, bytes_of(c.tx, len));
    assert_int_equal(chandata_decode(client_receive(&c), &channel, &data), 0);
    assert_int_equal(channel, 0x4000);
    expect_success(data);
}

static void test_media_is_reached(void **state)
{
    struct addr peer = ip(PUBLIC, MEDIA_PORT), other = ip(INSIDE, MEDIA_PORT);
    struct addr redis = ip(PUBLIC, 6379);

    (void) state;
    if (!possible)
        skip();
    expect_no_hairpin();
    open_client();
    assert_true(addr_ip_eq(&c.reply.xor_relayed, &peer));
    expect_media_reached(&peer);
    assert_int_equal(client_permit(&c, &other), 403); /* nobody has announced that one */
    assert_int_equal(client_bind(&c, 0x4001, &redis), 403);
    client_close(&c);
}

/* COTURN_INTERNAL_RELAY: the address that clients are told is the private one. */
static void test_internal_relay(void **state)
{
    struct addr peer = ip(PUBLIC, MEDIA_PORT), inside = ip(INSIDE, 0);
    unsigned tries = 2000;

    (void) state;
    if (!possible)
        skip();
    write_turn_config("internal_relay = true;\n");
    assert_int_equal(kill(child_pid(turn), SIGHUP), 0);
    assert_int_equal(child_wait_ready(turn, PATIENCE_MS), 0);
    open_client();
    while (!addr_ip_eq(&c.reply.xor_relayed, &inside) && tries-- > 0) { /* not taken yet */
        client_close(&c);
        usleep(1000);
        open_client();
    }
    assert_true(addr_ip_eq(&c.reply.xor_relayed, &inside));
    expect_media_reached(&peer);
    client_close(&c);
}

static int setup(void **state)
{
    unsigned tries = 2000;
    struct addr peer = ip(PUBLIC, MEDIA_PORT);

    (void) state;
    if (!possible)
        return 0;
    log_init("test", LOG_LEVEL_ERROR);
    assert_int_equal(loop_new(&under.loop), 0);
    under.worker.listeners[0].bound.port = TURN_PORT;
    start_daemons();
    publish();
    open_client();
    while (client_permit(&c, &peer) != 0 && tries-- > 0) /* TURN has not heard of media yet */
        usleep(1000);
    client_close(&c);
    return 0;
}

static int teardown(void **state)
{
    int r;

    (void) state;
    if (!possible)
        return 0;
    media_client_free(signaling);
    r = child_stop(turn) | child_stop(media);
    turn = child_free(turn);
    media = child_free(media);
    loop_free(under.loop);
    return r;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media_is_reached),
        cmocka_unit_test(test_internal_relay),
    };

    possible = nat_net_make();
    return cmocka_run_group_tests(tests, setup, teardown);
}
