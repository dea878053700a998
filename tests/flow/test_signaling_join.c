/* One id names a participant in the logs of signaling, media and TURN, all three of them real. */
#include "signaling_kit.h"

#include "signaling/ids.h"

#include "client/rtc_peer.h"
#include "tests/lib/free_port.h"
#include "tests/lib/media_daemon.h"
#include "tests/lib/turn_session.h"

#include <arpa/inet.h>

#define STEP_US 5000

static struct child *signaling, *media, *turn;
static struct kit kit; /* its api alone is used */
static struct loop *loop;
static struct rtc_hub *hub;
static uint16_t turn_port;

static int setup(void **state)
{
    char control[CHILD_PATH_SIZE], api[CHILD_PATH_SIZE], own[CHILD_PATH_SIZE];

    (void) state;
    turn_port = free_port();
    assert_int_equal(media_daemon_new(&media, 1, "log_level = \"debug\";\n"), 0);
    assert_int_equal(child_new("visavis-turn", &turn), 0);
    assert_int_equal(child_new("visavis-signaling", &signaling), 0);
    child_path(media, "control", control);
    child_path(turn, "api", api);
    child_path(signaling, "api", own);
    assert_true(strlen(own) < sizeof(kit.api));
    strcpy(kit.api, own);
    assert_int_equal(child_write(turn, "config",
                                 "listen = [\"udp:127.0.0.1:%u\"];\nsecret = \"%s\";\n"
                                 "realm = \"%s\";\nmedia = [\"%s\"];\napi = \"%s\";\n"
                                 "relay_ip = \"127.0.0.1\";\nlog_level = \"debug\";\n",
                                 turn_port, TURN_SECRET, TURN_REALM, control, api),
                     0);
    assert_int_equal(
        child_write(signaling, "config",
                    "listen = [\"unix:%s\"];\npublic_url = \"https://calls.example.org\";\n"
                    "secret = \"MY_SECRET\";\nmedia_control = \"%s\";\nturn_api = \"%s\";\n"
                    "coturn_ip = \"127.0.0.1\";\ncoturn_port = %u;\nturn_secret = \"%s\";\n",
                    own, control, api, turn_port, TURN_SECRET),
        0);
    assert_int_equal(media_daemon_start(media), 0);
    assert_int_equal(child_start_daemon(turn, "visavis-turn"), 0);
    assert_int_equal(child_start_daemon(signaling, "visavis-signaling"), 0);
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(rtc_hub_new(loop, &hub), 0);
    return 0;
}

static int teardown(void **state)
{
    int r;

    (void) state;
    rtc_hub_free(hub);
    loop_free(loop);
    r = child_stop(signaling) | child_stop(turn) | child_stop(media);
    child_free(signaling);
    child_free(turn);
    child_free(media);
    return r;
}

static void expect_logged(const struct child *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void expect_logged(const struct child *c, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    for (int i = 0; i < KIT_PATIENCE_MS / 20; i++) {
        if (child_has_logged(c, text))
            return;
        usleep(20000);
    }
    fail_msg("nobody logged \"%s\"", text);
}

/* ---- somebody in a session ---- */

struct person {
    struct peer *peer;
    char join[JOIN_ID_SIZE];
    char turn_username[32];
    struct rtc_peer *transport;
};

static void enter(struct person *p)
{
    const char *username;
    json_t *r;

    p->peer = peer_join(&kit, "S", "PUBLISHER", &r);
    username = string_of(r, "turnUsername");
    snprintf(p->turn_username, sizeof(p->turn_username), "%s", username);
    snprintf(p->join, sizeof(p->join), "%s", strchr(username, ':') + 1);
    json_decref(r);
}

static const char *offer_of(struct person *p, enum sdp_direction direction)
{
    static char offer[RTC_SDP_SIZE];
    struct rtc_peer_config c = {.direction = direction, .audio = true, .video = true};

    assert_int_equal(rtc_peer_new(hub, &c, &p->transport), 0);
    assert_int_equal(rtc_peer_offer(p->transport, offer, sizeof(offer)), 0);
    return offer;
}

struct wait {
    struct loop_timer timer;
    const struct rtc_peer *peer;
    unsigned tries;
};

static void on_look(struct loop_timer *t)
{
    struct wait *w = container_of(t, struct wait, timer);

    if (rtc_peer_state(w->peer) == RTC_CONNECTED)
        loop_quit(t->loop, 0);
    else if (w->tries-- == 0)
        loop_quit(t->loop, 1);
    else
        loop_timer_start(t, t->loop, STEP_US, on_look);
}

static void connect_with(struct person *p, const char *answer)
{
    struct wait w = {.peer = p->transport, .tries = KIT_PATIENCE_MS * 1000 / STEP_US};

    assert_int_equal(rtc_peer_take_answer(p->transport, answer), 0);
    assert_int_equal(loop_timer_start(&w.timer, loop, 0, on_look), 0);
    assert_int_equal(loop_run(loop), 0);
    loop_timer_done(&w.timer);
}

static int allocate(const struct person *p)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(turn_port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct turn_session s;

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *) &sin, sizeof(sin)), 0);
    assert_int_equal(turn_session_init_as(&s, fd, p->turn_username), 0);
    assert_int_equal(turn_session_allocate(&s), 0);
    return fd;
}

static void leave(struct person *p)
{
    peer_do(p->peer, "leaveRoom", NULL);
    peer_close(p->peer);
    rtc_peer_free(p->transport);
}

static void test_one_id(void **state)
{
    struct person ann = {.peer = NULL}, ben = {.peer = NULL};
    char stream[160];
    json_t *r;
    int fd;

    (void) state;
    expect_logged(signaling, "media: ready");
    expect_logged(signaling, "turn: ready");
    kit_make_session(&kit, "S");
    enter(&ann);
    enter(&ben);
    assert_int_equal(strlen(ann.join), JOIN_ID_SIZE - 1);
    assert_string_not_equal(ann.join, ben.join);

    r = peer_publish(ann.peer, offer_of(&ann, SDP_SENDONLY));
    snprintf(stream, sizeof(stream), "%s", string_of(r, "id"));
    connect_with(&ann, string_of(r, "sdpAnswer"));
    json_decref(r);
    r = peer_call(
        ben.peer, "receiveVideoFrom",
        json_pack("{s:s,s:s}", "sender", stream, "sdpOffer", offer_of(&ben, SDP_RECVONLY)));
    connect_with(&ben, string_of(r, "sdpAnswer"));
    json_decref(r);
    fd = allocate(&ann);

    expect_logged(signaling, "[session S connection %s join %s] joined from", ann.peer->id,
                  ann.join);
    expect_logged(signaling, "[session S connection %s stream %s join %s] published", ann.peer->id,
                  stream, ann.join);
    expect_logged(media, "[session S connection %s stream %s join %s] transport ", ann.peer->id,
                  stream, ann.join);
    expect_logged(media, "[session S connection %s stream %s join %s] transport ", ben.peer->id,
                  stream, ben.join);
    expect_logged(turn, "[join %s] 127.0.0.1:", ann.join);
    assert_false(child_has_logged(turn, ben.join));

    leave(&ann);
    leave(&ben);
    expect_logged(turn, "[join %s] the allocation of 127.0.0.1:", ann.join);
    expect_logged(turn, "its credentials were revoked");
    expect_logged(media, "ends after 0 s: ");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_id, setup, teardown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
