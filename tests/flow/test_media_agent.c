/* The media daemon with a full ICE agent, behind a router that lets nobody in whom it has not sent
 * to: clients outside, and a TURN server of ours beside them. */
#include "vp8_frames.h"

#include "base/clock.h"
#include "client/ice_full.h"
#include "client/rtc_peer.h"
#include "tests/lib/child.h"
#include "tests/lib/measure.h"
#include "tests/lib/media_client.h"
#include "tests/lib/media_daemon.h"
#include "tests/lib/nat_net.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET "a-secret-of-the-relay"
#define AT_SERVER NAT_SERVER_IP ":3478"
#define STUN "\"url=stun:" AT_SERVER "\""
#define TURN_UDP "\"url=turn:" AT_SERVER ",staticAuthSecret=" SECRET "\""
#define TURN_TCP "\"url=turn:" AT_SERVER "?transport=tcp,staticAuthSecret=" SECRET "\""

#define GUARD_US 60000000 /* consent ends after 30 s */
#define STEP_US 20000
#define PACKETS 50

static bool possible;
static struct loop *loop;
static struct rtc_hub *rtc;
static struct ice_quota quota = {.max = 100};
static struct ice_hub *ice;
static struct child *media, *turn;
static struct media_client *control;
static char last_state[32]; /* that the daemon told */
static struct ice_full_config any_path, udp_path, tcp_path;

/* ---- waiting ---- */

static uint64_t began_us;

static void begin_waiting(void)
{
    began_us = clock_us();
}

static void go_on(const char *what)
{
    if (clock_us() - began_us > GUARD_US)
        fail_msg("%s: not after %d s", what, GUARD_US / 1000000);
    assert_int_equal(measure_pause(loop, STEP_US), 0);
}

/* ---- daemons ---- */

static void on_notice(const char *method, const json_t *params, void *arg)
{
    const char *state = json_string_value(json_object_get(params, "state"));

    (void) arg;
    if (strcmp(method, "transport") == 0 && state)
        snprintf(last_state, sizeof(last_state), "%s", state);
}

static void start_media(const char *servers)
{
    char path[CHILD_PATH_SIZE];

    assert_true(nat_net_enter(NAT_INSIDE));
    assert_int_equal(
        media_daemon_new(&media, 2, "ice = \"agent\";\nice_servers = [%s];\n", servers), 0);
    assert_int_equal(media_daemon_start(media), 0);
    child_path(media, "control", path);
    assert_true(nat_net_enter(NAT_OUTSIDE));
    assert_int_equal(media_client_new(loop, path, on_notice, NULL, &control), 0);
}

static int stop_media(void **state)
{
    int r = media ? child_stop(media) : 0;

    (void) state;
    control = media_client_free(control);
    media = child_free(media);
    return r;
}

static void start_turn(void)
{
    char path[CHILD_PATH_SIZE];

    assert_true(nat_net_enter(NAT_SERVER));
    assert_int_equal(child_new("visavis-turn", &turn), 0);
    assert_int_equal(child_write(turn, "config",
                                 "listen = [\"udp:" AT_SERVER "\", \"tcp:" AT_SERVER "\"];\n"
                                 "secret = \"" SECRET "\";\nrealm = \"visavis\";\n"
                                 "media = [\"%s\"];\nrelay_ip = \"" NAT_SERVER_IP
                                 "\";\npeers = \"public\";\n"
                                 "allowed_peers = [\"198.51.100.0/24\"];\n"
                                 "relay_min = 30000;\nrelay_max = 31000;\n",
                                 child_path(turn, "nobody", path)),
                     0);
    assert_int_equal(child_start_daemon(turn, "visavis-turn"), 0);
    assert_true(nat_net_enter(NAT_OUTSIDE));
}

static int setup(void **state)
{
    (void) state;
    possible = nat_net_make_shared();
    if (!possible)
        return 0;
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(rtc_hub_new(loop, &rtc), 0);
    assert_int_equal(ice_hub_new(loop, &quota, &ice), 0);
    any_path = udp_path = tcp_path = (struct ice_full_config){.hub = ice, .loop = loop};
    any_path.path = CLIENT_PATH_ANY;
    udp_path.path = CLIENT_PATH_UDP;
    tcp_path.path = CLIENT_PATH_TCP;
    start_turn();
    return 0;
}

static int teardown(void **state)
{
    int r;

    (void) state;
    if (!possible)
        return 0;
    r = child_stop(turn);
    turn = child_free(turn);
    rtc_hub_free(rtc);
    ice_hub_free(ice);
    loop_free(loop);
    return r;
}

/* ---- peers ---- */

static void on_gathered(struct rtc_peer *p, void *arg)
{
    (void) p;
    *(bool *) arg = true;
}

static const struct rtc_peer_handlers handlers = {.on_gathered = on_gathered};

static struct rtc_peer *new_peer(enum sdp_direction direction, struct ice_full_config *path)
{
    bool gathered = false;
    struct rtc_peer_config c = {
        .direction = direction,
        .audio = true,
        .video = true,
        .new_ice = ice_full_new,
        .ice_arg = path,
        .handlers = &handlers,
        .arg = &gathered,
    };
    struct rtc_peer *p;

    assert_int_equal(rtc_peer_new(rtc, &c, &p), 0);
    assert_int_equal(rtc_peer_gather(p), 0);
    begin_waiting();
    while (!gathered)
        go_on("gathering");
    return p;
}

static void await_connected(struct rtc_peer *p)
{
    begin_waiting();
    while (rtc_peer_state(p) != RTC_CONNECTED) {
        assert_int_not_equal(rtc_peer_state(p), RTC_FAILED);
        go_on("connecting");
    }
}

static struct rtc_peer *publisher(struct ice_full_config *path)
{
    struct rtc_peer *p = new_peer(SDP_SENDONLY, path);

    if (media_client_publish(control, "r", "s", p) < 0)
        fail_msg("publish: %s", media_client_error(control));
    await_connected(p);
    return p;
}

static struct rtc_peer *subscriber(struct ice_full_config *path, bool server_offers)
{
    struct rtc_peer *p = new_peer(SDP_RECVONLY, path);

    assert_int_equal(server_offers ? media_client_subscribe_offered(control, "r", "s", "b", p)
                                   : media_client_subscribe(control, "r", "s", "b", p),
                     0);
    await_connected(p);
    return p;
}

static void media_flows(struct rtc_peer *from, struct rtc_peer *to)
{
    const struct rtc_counters *c = rtc_peer_counters(to);
    struct rtc_packet video = {.kind = SDP_VIDEO, .marker = true};

    video.payload = bytes_of(key_frame, sizeof(key_frame));
    begin_waiting();
    while (c->stream[SDP_VIDEO].packets_in < PACKETS) {
        video.ts += 3000;
        (void) rtc_peer_send(from, &video);
        go_on("media");
    }
    assert_int_equal(c->refused, 0);
}

/* ---- what the daemon says ---- */

static json_t *described(const char *key, const char *id)
{
    json_t *r;

    assert_int_equal(
        media_client_call(control, "describe", json_pack("{s:s, s:s}", "room", "r", key, id), &r),
        0);
    return r;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in: %s", part, text);
}

/* The end of the pair that is the daemon's, as a candidate. */
static void assert_local(const char *key, const char *id, const char *part)
{
    json_t *r = described(key, id);
    const char *text = json_string_value(json_object_get(r, "localCandidate"));

    assert_non_null(text);
    assert_has(text, part);
    json_decref(r);
}

static void assert_sdp(const char *part, const char *not_part)
{
    json_t *r = described("stream", "s");
    const char *sdp = json_string_value(json_object_get(r, "localSdp"));

    assert_non_null(sdp);
    assert_has(sdp, part);
    if (strstr(sdp, not_part))
        fail_msg("\"%s\" in: %s", not_part, sdp);
    json_decref(r);
}

/* ---- tests ---- */

/* local: of what the pair's end at the daemon is; offered: of what was gathered */
static void call_between(struct ice_full_config *path, const char *local, const char *offered)
{
    struct rtc_peer *pub = publisher(path), *sub = subscriber(path, false);

    assert_sdp(offered, "a=ice-lite");
    media_flows(pub, sub);
    assert_local("stream", "s", local);
    assert_local("subscriber", "b", local);
    rtc_peer_free(sub);
    sub = subscriber(path, true);
    media_flows(pub, sub);
    assert_local("subscriber", "b", local);
    rtc_peer_free(pub);
    rtc_peer_free(sub);
    assert_false(child_has_logged(media, "MEDIA_ICE_SERVERS"));
}

static void with_a_stun_server(void **state)
{
    (void) state;
    if (!possible)
        skip();
    assert_true(nat_net_drop(NAT_DROP_NOTHING));
    start_media(STUN);
    call_between(&udp_path, "udp", "typ srflx");
}

static void what_is_offered_of_the_way(void **state)
{
    struct rtc_peer *pub;

    (void) state;
    if (!possible)
        skip();
    assert_true(nat_net_drop(NAT_DROP_NOTHING));
    start_media(STUN ", " TURN_UDP);
    pub = publisher(&any_path);
    assert_sdp("typ srflx", "a=ice-lite");
    assert_sdp(NAT_PUBLIC_IP, "typ prflx");
    assert_sdp("typ relay raddr 10.0.0.4", "candidate:0 ");
    assert_sdp("tcptype active", SECRET);
    assert_sdp("a=end-of-candidates", "tcptype so");
    rtc_peer_free(pub);
}

static void relayed_by_udp(void **state)
{
    (void) state;
    if (!possible)
        skip();
    assert_true(nat_net_drop(NAT_DROP_UDP_BUT_SERVER));
    start_media(TURN_UDP);
    call_between(&udp_path, "typ relay", "typ relay");
}

static void relayed_by_tcp(void **state)
{
    (void) state;
    if (!possible)
        skip();
    assert_true(nat_net_drop(NAT_DROP_UDP));
    start_media(TURN_TCP);
    call_between(&udp_path, "typ relay", "typ relay");
}

static void over_tcp_without_a_server(void **state)
{
    (void) state;
    if (!possible)
        skip();
    assert_true(nat_net_drop(NAT_DROP_UDP));
    start_media("");
    call_between(&tcp_path, "tcp", "tcptype active");
}

static int open_at(enum nat_net where, int type, const char *ip, uint16_t *ret_port)
{
    struct sockaddr_storage sa;
    struct addr a;
    socklen_t len;
    int fd;

    assert_int_equal(addr_parse_ip(ip, 0, &a), 0);
    len = addr_to_sockaddr(&a, &sa);
    assert_true(nat_net_enter(where));
    fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(nat_net_enter(NAT_OUTSIDE));
    assert_int_equal(bind(fd, (struct sockaddr *) &sa, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &sa, &len), 0);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, len, &a), 0);
    *ret_port = a.port;
    return fd;
}

/* tail: "", or of what kind it is over TCP */
static void trickle(const char *ip, uint16_t port, unsigned priority, const char *tail)
{
    char text[160];

    snprintf(text, sizeof(text), "candidate:%u 1 %s %u %s %u typ host%s", priority,
             *tail ? "tcp" : "udp", priority, ip, port, tail);
    assert_int_equal(media_client_call(control, "trickle",
                                       json_pack("{s:s, s:s, s:s}", "room", "r", "stream", "s",
                                                 "candidate", text),
                                       NULL),
                     0);
}

/* Clients say where checks are sent to. */
static void not_to_services_of_its_own(void **state)
{
    static const char *const own[] = {"127.0.0.1", NAT_LINK_LOCAL_IP};
    int inside[2], outside;
    uint16_t ports[2], port;
    struct rtc_peer *p;
    char buf[2048];

    (void) state;
    if (!possible)
        skip();
    assert_true(nat_net_drop(NAT_DROP_NOTHING));
    start_media("");
    outside = open_at(NAT_OUTSIDE, SOCK_DGRAM, NAT_OUTSIDE_IP, &port);
    for (unsigned i = 0; i < 2; i++)
        inside[i] = open_at(NAT_INSIDE, SOCK_DGRAM, own[i], &ports[i]);
    p = new_peer(SDP_SENDONLY, &tcp_path); /* so that there is no way for it */
    assert_int_equal(media_client_publish(control, "r", "s", p), 0);
    for (unsigned i = 0; i < 2; i++)
        trickle(own[i], ports[i], 2000000000 + i, "");
    trickle(NAT_OUTSIDE_IP, port, 1000000000, "");
    begin_waiting();
    while (recv(outside, buf, sizeof(buf), 0) < 0)
        go_on("a check");
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(recv(inside[i], buf, sizeof(buf), 0), -1);
        close(inside[i]);
    }
    close(outside);
    rtc_peer_free(p);
}

/* Others of this machine take a connection from it for one of their own. */
static void no_connections_to_itself(void **state)
{
    static const char *const kinds[] = {" tcptype passive", " tcptype so"};
    int inside, outside;
    uint16_t own_port, port;
    struct rtc_peer *p;

    (void) state;
    if (!possible)
        skip();
    assert_true(nat_net_drop(NAT_DROP_NOTHING));
    start_media("");
    outside = open_at(NAT_OUTSIDE, SOCK_STREAM, NAT_OUTSIDE_IP, &port);
    inside = open_at(NAT_INSIDE, SOCK_STREAM, NAT_INSIDE_IP, &own_port);
    assert_int_equal(listen(outside, 8), 0);
    assert_int_equal(listen(inside, 8), 0);
    p = new_peer(SDP_SENDONLY, &udp_path);
    assert_true(nat_net_drop(NAT_DROP_UDP)); /* so that there is no way for it */
    assert_int_equal(media_client_publish(control, "r", "s", p), 0);
    for (unsigned i = 0; i < 2; i++)
        trickle(NAT_INSIDE_IP, own_port, 2000000000 + i, kinds[i]);
    trickle(NAT_OUTSIDE_IP, port, 1000000000, kinds[0]);
    begin_waiting();
    while (accept4(outside, NULL, NULL, SOCK_CLOEXEC) < 0)
        go_on("a connection");
    assert_int_equal(accept4(inside, NULL, NULL, SOCK_CLOEXEC), -1);
    close(inside);
    close(outside);
    rtc_peer_free(p);
}

static void consent_ends(void **state)
{
    struct rtc_peer *pub;

    (void) state;
    if (!possible)
        skip();
    assert_true(nat_net_drop(NAT_DROP_NOTHING));
    start_media(STUN);
    pub = publisher(&any_path);
    assert_true(nat_net_drop(NAT_DROP_ALL));
    *last_state = '\0';
    begin_waiting();
    while (strcmp(last_state, "disconnected") != 0)
        go_on("the end of consent");
    rtc_peer_free(pub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(with_a_stun_server, stop_media),
        cmocka_unit_test_teardown(what_is_offered_of_the_way, stop_media),
        cmocka_unit_test_teardown(relayed_by_udp, stop_media),
        cmocka_unit_test_teardown(relayed_by_tcp, stop_media),
        cmocka_unit_test_teardown(over_tcp_without_a_server, stop_media),
        cmocka_unit_test_teardown(not_to_services_of_its_own, stop_media),
        cmocka_unit_test_teardown(no_connections_to_itself, stop_media),
        cmocka_unit_test_teardown(consent_ends, stop_media),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
