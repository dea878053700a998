/* A room that is larger than one worker may carry. */
#define MEDIA_KIT_WORKERS 3
#define MEDIA_KIT_SETTINGS                                                                         \
    "room_spread = 2;\nmax_streams = 4;\nmax_subscribers = 7;\n"                                   \
    "max_room_transports = 9;\nmax_rooms = 2;\n"
#include "media_kit.h"

#define N_SUBSCRIBERS 5
#define N_PACKETS 300

static const char *const names[N_SUBSCRIBERS] = {"a", "b", "c", "d", "e"};

/* The worker that it talks to. */
static unsigned port_of(const struct wc *c)
{
    struct sockaddr_in peer;
    socklen_t len = sizeof(peer);

    assert_int_equal(getpeername(c->fd, (struct sockaddr *) &peer, &len), 0);
    return ntohs(peer.sin_port);
}

/* One after the other until one is on another worker than the publisher; those before are in
 * others[]. */
static struct wc *subscriber_elsewhere(const struct wc *pub, struct wc *others[static 2],
                                       const char **ret_name)
{
    for (unsigned i = 0; i < 3; i++) {
        struct wc *c = connected_subscriber(names[i]);

        if (port_of(c) != port_of(pub)) {
            *ret_name = names[i];
            return c;
        }
        assert_true(i < 2);
        others[i] = c;
    }
    return NULL;
}

/* A connected publisher, and a subscriber on another worker. */
struct pair {
    struct wc *pub, *sub;
    const char *name;
    struct wc *others[2];
};

static struct pair connected_pair(void)
{
    struct pair p = {.pub = connected_publisher()};

    p.sub = subscriber_elsewhere(p.pub, p.others, &p.name);
    return p;
}

static void free_pair(struct pair *p)
{
    wc_free(p->pub);
    wc_free(p->sub);
    wc_free(p->others[0]);
    wc_free(p->others[1]);
}

/* ---- packets with numbers ---- */

#define WARM_UP "w"

static uint16_t next_seq[2]; /* of what the publisher sends, by kind */

static void send_kind(struct wc *pub, bool video, bool marker, uint32_t ts, struct bytes payload)
{
    struct rtp h = {.marker = marker,
                    .pt = video ? 96 : 111,
                    .seq = next_seq[video]++,
                    .ts = ts,
                    .ssrc = video ? VIDEO_SSRC : AUDIO_SSRC};

    wc_send_rtp(pub, &h, NULL, 0, payload);
}

/* Until audio comes through: that a subscriber is there takes a moment to reach the publisher's
 * worker. */
static void warm_up(struct wc *pub, struct wc *sub)
{
    uint8_t buf[2048];
    struct rtp p;
    unsigned tries = 0;

    do {
        assert_true(tries++ < 100);
        send_kind(pub, false, false, 0, bytes_str(WARM_UP));
    } while (!wc_receive_rtp(sub, 50, buf, sizeof(buf), &p));
}

/* Pictures have four packets; the first is a key frame. */
static void send_numbered(struct wc *pub, uint16_t nr, bool video)
{
    uint8_t payload[200] = {0x10, 1, 0, 0, (uint8_t) (nr >> 8), (uint8_t) nr};

    if (nr == 0)
        memcpy(payload, key_frame, sizeof(key_frame));
    send_kind(pub, video, nr % 4 == 3, (video ? 3000u : 960u) * (nr / 4u),
              bytes_of(payload, 100 + nr % 100u));
}

/* What a subscriber has got of each kind. */
struct got {
    uint16_t n[2], seq[2];
};

/* Four of each kind: each is the next number, and has the next sequence number. */
static void expect_batch(struct wc *sub, struct got *got)
{
    uint8_t buf[2048];
    struct rtp p;

    for (unsigned i = 0; i < 8;) {
        bool video;

        assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
        if (p.payload.len == strlen(WARM_UP))
            continue;
        i++;
        video = p.pt == bob.vp8;
        assert_true(video || p.pt == bob.opus);
        assert_int_equal(p.payload.len, 100 + got->n[video] % 100);
        if (got->n[video] > 0) {
            assert_int_equal(p.seq, (uint16_t) (got->seq[video] + 1));
            assert_int_equal(p.payload.p[4] << 8 | p.payload.p[5], got->n[video]);
        }
        got->n[video]++;
        got->seq[video] = p.seq;
    }
}

static void everybody_gets_each_packet_once_and_in_order(void **state)
{
    struct wc *pub = connected_publisher(), *subs[N_SUBSCRIBERS];
    unsigned ports[3] = {port_of(pub)}, n_ports = 1;
    struct got got[N_SUBSCRIBERS] = {0};

    (void) state;
    next_seq[0] = next_seq[1] = 65500; /* goes round */
    for (unsigned i = 0; i < N_SUBSCRIBERS; i++) {
        unsigned at = 0;

        subs[i] = connected_subscriber(names[i]);
        while (at < n_ports && ports[at] != port_of(subs[i]))
            at++;
        assert_true(at < 3);
        if (at == n_ports)
            ports[n_ports++] = port_of(subs[i]);
    }
    assert_int_equal(n_ports, 3); /* the room is on all of them */
    for (unsigned i = 0; i < N_SUBSCRIBERS; i++)
        warm_up(pub, subs[i]);
    for (uint16_t nr = 0; nr < N_PACKETS; nr++) {
        send_numbered(pub, nr, true);
        send_numbered(pub, nr, false);
        for (unsigned i = 0; nr % 4 == 3 && i < N_SUBSCRIBERS; i++)
            expect_batch(subs[i], &got[i]);
    }
    for (unsigned i = 0; i < N_SUBSCRIBERS; i++) {
        expect_nothing(subs[i]);
        wc_free(subs[i]);
    }
    wc_free(pub);
}

/* ---- back to the publisher ---- */

static void send_rtcp(struct wc *c, bool nack, uint32_t ssrc, uint16_t seq)
{
    uint8_t compound[256];
    struct wr w = wr_init(compound, sizeof(compound));

    rtcp_put_rr(&w, 1, NULL, 0);
    if (nack)
        rtcp_put_nack(&w, 1, ssrc, &seq, 1);
    else
        rtcp_put_pli(&w, 1, ssrc);
    wc_send_rtcp(c, &w);
}

static void a_nack_is_answered_where_it_comes(void **state)
{
    struct pair x = connected_pair();
    uint32_t ssrc = wc_remote.media[1].ssrcs[0].ssrc, rtx = wc_remote.media[1].ssrcs[0].rtx;
    uint8_t buf[2048];
    struct rtp p;
    uint16_t seq;

    (void) state;
    send_video(x.pub, 7, true);
    assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, key_frame, sizeof(key_frame));
    seq = p.seq;
    send_rtcp(x.sub, true, ssrc, seq);
    assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.ssrc, rtx);
    assert_int_equal(p.payload.p[0] << 8 | p.payload.p[1], seq);
    assert_memory_equal(p.payload.p + 2, key_frame, sizeof(key_frame));
    free_pair(&x);
}

static void a_key_frame_is_asked_for_from_afar(void **state)
{
    struct pair x = connected_pair();
    uint32_t ssrc = wc_remote.media[1].ssrcs[0].ssrc;
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    send_video(x.pub, 1, false);
    expect_pli(x.pub); /* it has begun */
    send_video(x.pub, 2, true);
    assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    usleep(400000); /* what is asked for sooner waits for its turn: keyframe.h */
    while (wc_receive(x.pub, 0, buf, sizeof(buf), &(size_t){0}))
        ;
    send_rtcp(x.sub, false, ssrc, 0);
    expect_pli(x.pub);
    free_pair(&x);
}

static void a_late_one_gets_what_followed_the_last_key_frame(void **state)
{
    struct pair x = connected_pair();
    struct wc *late;
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    send_video(x.pub, 1, true);
    send_video(x.pub, 2, false);
    for (unsigned i = 0; i < 2; i++)
        assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    late = connected_subscriber("x"); /* of the same mirror, or of a new one */
    assert_int_not_equal(port_of(late), port_of(x.pub));
    assert_true(wc_receive_rtp(late, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, key_frame, sizeof(key_frame));
    assert_true(wc_receive_rtp(late, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, delta_frame, sizeof(delta_frame));
    wc_free(late);
    late = connected_subscriber("y");
    assert_int_not_equal(port_of(late), port_of(x.pub));
    assert_true(wc_receive_rtp(late, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, key_frame, sizeof(key_frame));
    wc_free(late);
    free_pair(&x);
}

static void reports_and_limits_of_rate_pass(void **state)
{
    struct pair x = connected_pair();
    uint32_t ssrc = wc_remote.media[1].ssrcs[0].ssrc;
    struct rtcp_sender_info info = {.ntp = 1ull << 60, .rtp_ts = 3000, .packets = 1, .octets = 8};
    uint8_t buf[2048], compound[256];
    struct wr w = wr_init(compound, sizeof(compound));
    struct rtcp p;
    struct rtp rtp;

    (void) state;
    send_video(x.pub, 1, true);
    assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &rtp));
    rtcp_put_sr(&w, VIDEO_SSRC, &info, NULL, 0);
    wc_send_rtcp(x.pub, &w);
    assert_true(wc_receive_rtcp(x.sub, WC_WAIT_MS, buf, sizeof(buf), RTCP_SR, -1, &p));
    assert_int_equal(p.ssrc, ssrc);
    assert_int_equal(rtcp_sender_info(&p, &info), 0);
    assert_int_equal(info.packets, 1);
    free_pair(&x);
}

static json_t *limited(const char *name, int kbps)
{
    json_t *params = subscriber_params(name);

    json_object_set_new(params, "maxSendKbps", json_integer(kbps));
    return params;
}

/* The highest of what is of use, wherever that is. */
static void publishers_are_asked_for_what_is_of_use_elsewhere(void **state)
{
    struct wc *pub = connected_publisher(), *sub = NULL;

    (void) state;
    send_video(pub, 1, true);
    call_and_forget("offer", limited("a", 200)); /* here … */
    for (unsigned i = 0; i < 2; i++) {           /* … and elsewhere */
        struct wc *c = wc_new();
        char *offer = subscriber_offer(c);
        json_t *params = limited(names[1 + i], 500), *r;

        json_object_set_new(params, "offer", json_string(offer));
        r = call("subscribe", params);
        wc_take(c, json_string_value(json_object_get(r, "answer")));
        json_decref(r);
        free(offer);
        wc_connect(c);
        if (i == 1)
            sub = c;
        else
            wc_free(c);
    }
    assert_int_not_equal(port_of(sub), port_of(pub));
    expect_remb(pub, 500000);
    wc_free(sub);
    wc_free(pub);
}

/* ---- changes and ends ---- */

static void publishing_again_keeps_who_is_elsewhere(void **state)
{
    struct pair x = connected_pair();
    uint8_t buf[2048];
    struct wc *again;
    uint16_t seq;
    struct rtp p;

    (void) state;
    send_video(x.pub, 40000, true);
    assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    seq = p.seq;
    again = connected_publisher();
    assert_int_equal(port_of(again), port_of(x.pub));
    send_video(x.pub, 40001, true);
    expect_nothing(x.sub);
    send_video(again, 5, true);
    assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (seq + 1));
    assert_payload(&p, key_frame, sizeof(key_frame));
    wc_free(again);
    free_pair(&x);
}

static void unsubscribing_ends_it_elsewhere(void **state)
{
    struct pair x = connected_pair();
    size_t n = n_transports();
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    call_and_forget("unsubscribe", json_pack("{s:s, s:s}", "room", "r", "subscriber", x.name));
    assert_int_equal(n_transports(), n - 1);
    call_and_forget("unsubscribe", json_pack("{s:s, s:s}", "room", "r", "subscriber", x.name));
    wc_free(x.sub);
    x.sub = connected_subscriber("x");
    assert_int_not_equal(port_of(x.sub), port_of(x.pub));
    send_video(x.pub, 1, true);
    assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    free_pair(&x);
}

/* All transports are told about, and their end is not always at once everywhere. */
static void expect_transports(size_t n)
{
    for (unsigned i = 0; i < 500 && n_transports() != n; i++)
        usleep(10000);
    assert_int_equal(n_transports(), n);
}

static void unpublishing_ends_it_everywhere(void **state)
{
    struct pair x = connected_pair();
    char byte[2048];

    (void) state;
    while (recv(x.sub->fd, byte, sizeof(byte), MSG_DONTWAIT) > 0)
        ;
    call_and_forget("unpublish", json_pack("{s:s, s:s}", "room", "r", "stream", "s"));
    expect_transports(0);
    assert_int_equal(call_error("offer", subscriber_params("x")), 105);
    assert_int_equal(
        call_error("describe", json_pack("{s:s, s:s}", "room", "r", "subscriber", x.name)), 105);
    free_pair(&x);
    x = connected_pair(); /* the same names again */
    send_video(x.pub, 1, true);
    assert_true(
        wc_receive_rtp(x.sub, WC_WAIT_MS, (uint8_t *) byte, sizeof(byte), &(struct rtp){0}));
    free_pair(&x);
}

static void closing_the_room_ends_it_everywhere(void **state)
{
    for (unsigned i = 0; i < 5; i++) { /* on which workers differs */
        struct pair x = connected_pair();
        uint8_t buf[2048];
        struct rtp p;

        (void) state;
        send_video(x.pub, 1, true);
        assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &p));
        call_and_forget("closeRoom", json_pack("{s:s}", "room", "r"));
        expect_transports(0);
        json_array_clear(notes);
        free_pair(&x);
    }
}

static bool is_missing(const json_t *r, const char *key, const char *id)
{
    const json_t *list = json_object_get(json_object_get(json_object_get(r, "missing"), "r"), key);
    json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        if (strcmp(json_string_value(item), id) == 0)
            return true;
    }
    return false;
}

static void inventories_cover_all_workers(void **state)
{
    struct pair x = connected_pair();
    uint8_t buf[2048];
    struct rtp p;
    json_t *r;

    (void) state;
    r = call("sync", json_pack("{s:{s:{s:[s,s], s:[s,s]}}}", "rooms", "r", "streams", "s", "t",
                               "subscribers", x.name, "z"));
    assert_false(is_missing(r, "streams", "s"));
    assert_true(is_missing(r, "streams", "t"));
    assert_false(is_missing(r, "subscribers", x.name));
    assert_true(is_missing(r, "subscribers", "z"));
    json_decref(r);
    assert_int_equal(n_transports(), 2); /* those that were not named are gone */
    send_video(x.pub, 1, true);
    assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &p));

    /* The publisher's worker loses the stream: it ends elsewhere, too. */
    r = call("sync", json_pack("{s:{s:{s:[s]}}}", "rooms", "r", "subscribers", x.name));
    json_decref(r);
    expect_transports(0);
    call_and_forget("sync", json_pack("{s:{}}", "rooms"));
    free_pair(&x);
}

/* ---- figures ---- */

/* Video packets of publishers, of all workers. */
static json_int_t received(void)
{
    json_t *r = call("stats", json_object()), *worker;
    json_int_t n = 0;
    size_t i;

    json_array_foreach (json_object_get(r, "workers"), i, worker) {
        const json_t *in = json_object_get(json_object_get(worker, "media"), "in");

        n += json_integer_value(json_object_get(json_object_get(in, "video"), "packets"));
    }
    json_decref(r);
    return n;
}

static void packets_are_counted_once(void **state)
{
    json_int_t before = received();
    struct pair x = connected_pair();
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    for (uint16_t seq = 1; seq <= 3; seq++) {
        send_video(x.pub, seq, true);
        assert_true(wc_receive_rtp(x.sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    }
    assert_int_equal(received() - before, 3);
    call_and_forget("unpublish", json_pack("{s:s, s:s}", "room", "r", "stream", "s"));
    expect_transports(0);
    assert_int_equal(received() - before, 3);
    free_pair(&x);
}

/* ---- the server's offer, descriptions ---- */

static void offers_and_descriptions_are_found(void **state)
{
    struct pair x = connected_pair();
    json_t *offer = call("offer", subscriber_params("x")), *r;
    struct wc_numbers numbers = {.level = 9, .orientation = 9};
    struct wc *sub = wc_new();
    uint8_t buf[2048];
    struct rtp p;
    char *answer;

    (void) state;
    wc_take(sub, json_string_value(json_object_get(offer, "offer")));
    assert_int_not_equal(port_of(sub), port_of(x.pub));
    numbers.opus = wc_remote.media[0].codecs[0].pt;
    numbers.vp8 = wc_remote.media[1].codecs[0].pt;
    numbers.rtx = sdp_find_rtx(&wc_remote.media[1], (uint8_t) numbers.vp8)->pt;
    answer = wc_describe(sub, &numbers, "active", "recvonly", 0, 0);
    call_and_forget("answer",
                    json_pack("{s:s, s:s, s:s}", "room", "r", "subscriber", "x", "answer", answer));
    wc_connect(sub);
    expect_state("subscriber", "x", "connected");
    send_video(x.pub, 1, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    r = call("describe", json_pack("{s:s, s:s}", "room", "r", "subscriber", "x"));
    assert_string_equal(json_string_value(json_object_get(r, "remoteSdp")), answer);
    json_decref(r);
    json_decref(offer);
    free(answer);
    wc_free(sub);
    free_pair(&x);
}

/* ---- limits ---- */

static void expect_refusal(const char *method, json_t *params, const char *key)
{
    json_t *m = call_on(control_fd, method, params), *error = json_object_get(m, "error"), *r;
    const char *text = json_string_value(json_object_get(error, "message"));

    assert_int_equal(json_integer_value(json_object_get(error, "code")), 303);
    assert_non_null(strstr(text, key));
    json_decref(m);
    r = call("stats", json_object());
    assert_int_equal(json_integer_value(json_object_get(json_object_get(r, "refused"), key)), 1);
    json_decref(r);
}

static void limits_name_the_setting(void **state)
{
    struct wc *c = wc_new();
    char *offer = publisher_offer(c, "sendonly");
    char name[8];

    (void) state;
    call_and_forget("publish", publish_params("s", offer));
    for (unsigned i = 0; i < 7; i++) {
        snprintf(name, sizeof(name), "x%u", i);
        call_and_forget("offer", subscriber_params(name));
    }
    expect_refusal("offer", subscriber_params("y"), "MEDIA_MAX_SUBSCRIBERS");
    call_and_forget("publish", publish_params("t", offer));
    expect_refusal("publish", publish_params("u", offer), "MEDIA_MAX_ROOM_TRANSPORTS");
    for (unsigned i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "x%u", i);
        call_and_forget("unsubscribe", json_pack("{s:s, s:s}", "room", "r", "subscriber", name));
    }
    call_and_forget("publish", publish_params("u", offer));
    call_and_forget("publish", publish_params("v", offer));
    expect_refusal("publish", publish_params("w", offer), "MEDIA_MAX_PUBLISHERS");
    call_and_forget("publish",
                    json_pack("{s:s, s:s, s:s}", "room", "q", "stream", "s", "offer", offer));
    expect_refusal("publish",
                   json_pack("{s:s, s:s, s:s}", "room", "p", "stream", "s", "offer", offer),
                   "MEDIA_MAX_ROOMS");
    call_and_forget("closeRoom", json_pack("{s:s}", "room", "q"));
    free(offer);
    wc_free(c);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everybody_gets_each_packet_once_and_in_order),
        TEST(a_nack_is_answered_where_it_comes),
        TEST(a_key_frame_is_asked_for_from_afar),
        TEST(a_late_one_gets_what_followed_the_last_key_frame),
        TEST(reports_and_limits_of_rate_pass),
        TEST(publishers_are_asked_for_what_is_of_use_elsewhere),
        TEST(publishing_again_keeps_who_is_elsewhere),
        TEST(unsubscribing_ends_it_elsewhere),
        TEST(unpublishing_ends_it_everywhere),
        TEST(closing_the_room_ends_it_everywhere),
        TEST(inventories_cover_all_workers),
        TEST(packets_are_counted_once),
        TEST(offers_and_descriptions_are_found),
        TEST(limits_name_the_setting),
    };

    return cmocka_run_group_tests(tests, setup_daemon, stop_daemon);
}
