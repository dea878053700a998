/* What the media daemon measures, tells of it, and asks publishers for. */
#include "media_kit.h"

#define WAIT_STEP_US 20000

static json_t *figures(const char *key, const char *id)
{
    json_t *r = call("describe", json_pack("{s:s, s:s}", "room", "r", key, id));
    json_t *f = json_incref(json_object_get(r, "figures"));

    json_decref(r);
    return f;
}

/* The video track of a stream, or of a subscriber. */
static json_t *video_of(const char *key, const char *id)
{
    json_t *f = figures(key, id), *found = NULL, *track;
    size_t i;

    json_array_foreach (json_object_get(f, "tracks"), i, track) {
        if (strcmp(json_string_value(json_object_get(track, "kind")), "video") == 0)
            found = json_incref(track);
    }
    json_decref(f);
    assert_non_null(found);
    return found;
}

static json_int_t figure(const char *key, const char *id, const char *name)
{
    json_t *track = video_of(key, id);
    json_t *value = json_object_get(track, name);
    json_int_t n = json_integer_value(value);

    if (!json_is_integer(value))
        fail_msg("no %s of %s", name, id);
    json_decref(track);
    return n;
}

/* It is reached sooner or later. */
static void expect_figure(const char *key, const char *id, const char *name, json_int_t value)
{
    for (unsigned i = 0; i < WC_WAIT_MS * 1000 / WAIT_STEP_US; i++) {
        if (figure(key, id, name) == value)
            return;
        usleep(WAIT_STEP_US);
    }
    fail_msg("%s of %s is %d, not %d", name, id, (int) figure(key, id, name), (int) value);
}

static void expect_some(const char *key, const char *id, const char *name)
{
    for (unsigned i = 0; i < WC_WAIT_MS * 1000 / WAIT_STEP_US; i++) {
        if (figure(key, id, name) > 0)
            return;
        usleep(WAIT_STEP_US);
    }
    fail_msg("%s of %s stays 0", name, id);
}

static void send_nack(struct wc *sub, uint32_t ssrc, uint16_t seq)
{
    uint8_t compound[256];
    struct wr w = wr_init(compound, sizeof(compound));

    rtcp_put_rr(&w, 1, NULL, 0);
    rtcp_put_nack(&w, 1, ssrc, &seq, 1);
    wc_send_rtcp(sub, &w);
}

static void tracks_are_counted(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    uint32_t ssrc = wc_remote.media[1].ssrcs[0].ssrc;
    struct rtcp_report_block block = {.ssrc = ssrc, .fraction_lost = 64, .lost = 3, .jitter = 900};
    uint8_t buf[2048], compound[256];
    struct wr w = wr_init(compound, sizeof(compound));
    json_t *track, *f;
    struct rtp p;

    (void) state;
    send_video(pub, 10, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    send_video(pub, 12, false);
    rtcp_put_rr(&w, 1, &block, 1);
    rtcp_put_pli(&w, 1, ssrc);
    wc_send_rtcp(sub, &w);
    send_nack(sub, ssrc, p.seq);

    expect_figure("stream", "s", "packets", 2);
    expect_figure("stream", "s", "lost", 1);
    expect_figure("stream", "s", "keyFrames", 1);
    assert_int_equal(figure("stream", "s", "bytes"), sizeof(key_frame) + sizeof(delta_frame));
    expect_figure("subscriber", "a", "packets", 2);
    expect_figure("subscriber", "a", "keyFrameRequests", 1);
    expect_figure("subscriber", "a", "lost", 3);
    expect_figure("subscriber", "a", "lostPercent", 25);
    expect_figure("subscriber", "a", "jitterMs", 10);
    expect_figure("subscriber", "a", "nacks", 1);
    expect_figure("subscriber", "a", "repeated", 1);
    expect_some("stream", "s", "nacks");
    expect_some("stream", "s", "keyFrameRequests");

    track = video_of("stream", "s");
    assert_string_equal(json_string_value(json_object_get(track, "direction")), "in");
    assert_string_equal(json_string_value(json_object_get(track, "codec")), "VP8");
    assert_int_equal(json_integer_value(json_object_get(track, "ssrc")), VIDEO_SSRC);
    json_decref(track);
    f = figures("subscriber", "a");
    assert_string_equal(json_string_value(json_object_get(f, "state")), "connected");
    assert_int_equal(json_array_size(json_object_get(f, "tracks")), 2);
    json_decref(f);
    wc_free(pub);
    wc_free(sub);
}

static json_int_t sum(const char *direction, const char *name)
{
    json_t *r = call("stats", json_pack("{s:b}", "brief", 1)), *worker;
    json_int_t n = 0;
    size_t i;

    assert_int_equal(json_array_size(json_object_get(r, "transports")), 0);
    json_array_foreach (json_object_get(r, "workers"), i, worker) {
        json_t *media = json_object_get(worker, "media");

        n += direction ? json_integer_value(json_object_get(
                             json_object_get(json_object_get(media, direction), "video"), name))
                       : json_integer_value(json_object_get(media, name));
    }
    json_decref(r);
    return n;
}

static void sums_outlive_what_they_are_of(void **state)
{
    json_int_t in = sum("in", "packets"), out = sum("out", "packets");
    json_int_t ended = sum(NULL, "transportsEnded"), never = sum(NULL, "transportsUnconnected");
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a"), *late;
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    for (uint16_t i = 1; i <= 3; i++) {
        send_video(pub, i, i == 1);
        assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    }
    assert_int_equal(sum("in", "packets"), in + 3);
    late = subscribe("never");
    call_and_forget("closeRoom", json_pack("{s:s}", "room", "r"));
    assert_int_equal(sum("in", "packets"), in + 3);
    assert_int_equal(sum("out", "packets"), out + 3);
    assert_int_equal(sum(NULL, "transportsEnded"), ended + 3);
    assert_int_equal(sum(NULL, "transportsUnconnected"), never + 1);
    wc_free(pub);
    wc_free(sub);
    wc_free(late);
}

/* However often it is asked for within a round trip. */
static void a_packet_is_repeated_once(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    uint32_t ssrc = wc_remote.media[1].ssrcs[0].ssrc;
    uint8_t buf[2048];
    uint16_t first = 0;
    struct rtp p;

    (void) state;
    for (uint16_t i = 1; i <= 4; i++) {
        send_video(pub, i, i == 1);
        assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
        first = i == 1 ? p.seq : first;
    }
    send_nack(sub, ssrc, first);
    send_nack(sub, ssrc, first);
    send_nack(sub, ssrc, (uint16_t) (first + 1));
    for (uint16_t i = 0; i < 2; i++) {
        assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
        assert_int_equal(p.pt, bob.rtx);
        assert_int_equal(p.payload.p[0] << 8 | p.payload.p[1], (uint16_t) (first + i));
    }
    expect_nothing(sub);
    assert_int_equal(figure("subscriber", "a", "nacks"), 3);
    assert_int_equal(figure("subscriber", "a", "repeated"), 2);
    wc_free(pub);
    wc_free(sub);
}

static bool rtt_is_known(const char *key, const char *id)
{
    json_t *f = figures(key, id);
    bool known = json_is_integer(json_object_get(f, "rttMs"));

    json_decref(f);
    return known;
}

/* It gives them its clock, and they give it back. */
static void round_trips_to_publishers_are_measured(void **state)
{
    struct wc *pub = connected_publisher();
    uint8_t buf[2048], compound[256];
    struct wr w = wr_init(compound, sizeof(compound));
    struct rtcp_dlrr echo = {.dlrr = 0};
    struct rtcp p;
    uint64_t ntp;

    (void) state;
    send_video(pub, 1, true);
    assert_false(rtt_is_known("stream", "s"));
    assert_true(wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_XR, -1, &p));
    assert_int_equal(rtcp_xr_rrtr(&p, &ntp), 0);
    echo.lrr = (uint32_t) (ntp >> 16);
    echo.ssrc = p.ssrc ^ 1; /* another's */
    rtcp_put_dlrr(&w, VIDEO_SSRC, &echo);
    echo.ssrc = p.ssrc;
    rtcp_put_dlrr(&w, VIDEO_SSRC, &echo);
    wc_send_rtcp(pub, &w);
    for (unsigned i = 0; i < 100 && !rtt_is_known("stream", "s"); i++)
        usleep(WAIT_STEP_US);
    assert_true(rtt_is_known("stream", "s"));
    wc_free(pub);
}

static void clocks_of_subscribers_are_echoed(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    struct rtcp_sender_info info = {.ntp = 1ull << 60, .rtp_ts = 3000, .packets = 1, .octets = 8};
    uint8_t buf[2048], compound[256];
    struct wr w = wr_init(compound, sizeof(compound));
    struct rtcp_dlrr echo;
    struct rtcp p;
    size_t pos = 0;

    (void) state;
    send_video(pub, 1, true);
    rtcp_put_sr(&w, VIDEO_SSRC, &info, NULL, 0);
    wc_send_rtcp(pub, &w);
    w = wr_init(compound, sizeof(compound));
    rtcp_put_rrtr(&w, 77, UINT64_C(0x0000123456780000));
    wc_send_rtcp(sub, &w);
    assert_true(wc_receive_rtcp(sub, WC_WAIT_MS, buf, sizeof(buf), RTCP_XR, -1, &p));
    assert_true(rtcp_next_dlrr(&p, &pos, &echo));
    assert_int_equal(echo.ssrc, 77);
    assert_int_equal(echo.lrr, 0x12345678);
    assert_true(echo.dlrr < 65536 * WC_WAIT_MS / 1000);
    wc_free(pub);
    wc_free(sub);
}

/* What all subscribers may be sent at most counts, but for the lower bounds; the publisher's own
 * upper bound stands above all. */
static void publishers_are_asked_within_all_bounds(void **state)
{
    struct wc *pub = wc_new();
    char *offer = publisher_offer(pub, "sendonly");
    json_t *params = publish_params("s", offer), *r;

    (void) state;
    json_object_set_new(params, "maxRecvKbps", json_integer(800));
    json_object_set_new(params, "minRecvKbps", json_integer(250));
    r = call("publish", params);
    wc_take(pub, json_string_value(json_object_get(r, "answer")));
    wc_connect(pub);
    send_video(pub, 1, true);
    expect_remb(pub, 800000);

    params = subscriber_params("a");
    json_object_set_new(params, "maxSendKbps", json_integer(100));
    call_and_forget("offer", params);
    expect_remb(pub, 250000);

    params = subscriber_params("b");
    json_object_set_new(params, "maxSendKbps", json_integer(100));
    json_object_set_new(params, "minSendKbps", json_integer(900));
    call_and_forget("offer", params);
    expect_remb(pub, 800000);
    json_decref(r);
    free(offer);
    wc_free(pub);
}

/* An offer whose audio line has RED too. */
static char *describe_with_red(struct wc *c, const struct wc_numbers *n, const char *direction,
                               uint32_t audio_ssrc, uint32_t video_ssrc)
{
    char *offer = wc_describe(c, n, "actpass", direction, audio_ssrc, video_ssrc);
    char *changed = malloc(8192), line[32], audio[16];
    const char *at, *map;

    assert_non_null(changed);
    snprintf(audio, sizeof(audio), " %u\r\n", n->opus);
    snprintf(line, sizeof(line), "a=rtpmap:%u opus", n->opus);
    at = strstr(offer, audio);
    map = strstr(offer, line);
    snprintf(changed, 8192,
             "%.*s %u 63%.*sa=rtpmap:63 red/48000/2\r\na=fmtp:63 %u/%u\r\n"
             "a=fmtp:%u minptime=10;useinbandfec=1;usedtx=1\r\n%s",
             (int) (at - offer), offer, n->opus, (int) (map - at - (long) strlen(audio) + 2),
             at + strlen(audio) - 2, n->opus, n->opus, n->opus, map);
    free(offer);
    return changed;
}

static struct wc *publisher_with_red(void)
{
    struct wc *c = wc_new();
    char *offer = describe_with_red(c, &alice, "sendonly", AUDIO_SSRC, VIDEO_SSRC);
    json_t *r = call("publish", publish_params("s", offer));

    assert_non_null(strstr(json_string_value(json_object_get(r, "answer")), "red/48000/2"));
    wc_take(c, json_string_value(json_object_get(r, "answer")));
    json_decref(r);
    free(offer);
    wc_connect(c);
    expect_state("stream", "s", "connected");
    return c;
}

static struct wc *subscriber_with_red(const char *name)
{
    struct wc *c = wc_new();
    char *offer = describe_with_red(c, &alice, "recvonly", 0, 0);
    json_t *params = subscriber_params(name), *r;
    const char *answer;

    json_object_set_new(params, "offer", json_string(offer));
    r = call("subscribe", params);
    answer = json_string_value(json_object_get(r, "answer"));
    assert_non_null(strstr(answer, "red/48000/2"));
    assert_non_null(strstr(answer, "useinbandfec=1"));
    wc_take(c, answer);
    json_decref(r);
    free(offer);
    wc_connect(c);
    expect_state("subscriber", name, "connected");
    return c;
}

static const uint8_t red[] = {0xef, 0x0f, 0x00, 0x03, 0x6f, 'o', 'l', 'd', 'n', 'e', 'w'};

/* A subscriber that knows no RED gets the Opus in it. */
static void redundant_audio_is_unwrapped(void **state)
{
    struct rtp audio = {.pt = 63, .seq = 1, .ts = 960, .ssrc = AUDIO_SSRC};
    struct wc *pub = publisher_with_red(), *sub = connected_subscriber("a");
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    wc_send_rtp(pub, &audio, NULL, 0, bytes_of(red, sizeof(red)));
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, bob.opus);
    assert_payload(&p, "new", 3);
    audio.seq++;
    wc_send_rtp(pub, &audio, NULL, 0, bytes_of(red, 6)); /* broken: nobody gets it */
    audio.seq++;
    audio.pt = 111;
    wc_send_rtp(pub, &audio, NULL, 0, bytes_str("plain"));
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, "plain", 5);
    wc_free(pub);
    wc_free(sub);
}

/* In-band FEC (RFC 6716 section 2.1.7) is part of a frame's bytes. With DTX there is a frame of one
 * byte now and then, the clock goes on meanwhile, and the marker says that sound begins again (RFC
 * 7587 section 4.1). RED passes to those who know it and call Opus by the publisher's number, which
 * it contains. */
static void fec_dtx_and_red_pass_untouched(void **state)
{
    static const uint8_t with_fec[] = {0x78, 0x5b, 0xa1, 0x00, 0xff, 0x10, 0x80, 0x7f};
    static const uint8_t dtx[] = {0x78};
    static const struct {
        bool is_red, marker;
        uint32_t after; /* on the RTP clock */
        const uint8_t *p;
        size_t len;
    } packets[] = {
        {false, true, 0, with_fec, sizeof(with_fec)},
        {false, false, 960, dtx, sizeof(dtx)},
        {false, false, 19200, dtx, sizeof(dtx)},
        {false, true, 19200, with_fec, sizeof(with_fec)},
        {true, false, 960, red, sizeof(red)},
    };
    struct wc *pub = publisher_with_red(), *sub = subscriber_with_red("a");
    struct rtp h = {.seq = 100, .ts = 5000, .ssrc = AUDIO_SSRC}, p, before = {.pt = 0};
    uint8_t buf[2048];

    (void) state;
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        h.seq++;
        h.ts += packets[i].after;
        h.marker = packets[i].marker;
        h.pt = packets[i].is_red ? 63 : (uint8_t) alice.opus;
        wc_send_rtp(pub, &h, NULL, 0, bytes_of(packets[i].p, packets[i].len));
        assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
        assert_int_equal(p.pt, packets[i].is_red ? 63 : alice.opus);
        assert_int_equal(p.marker, packets[i].marker);
        assert_payload(&p, packets[i].p, packets[i].len);
        if (i > 0) {
            assert_int_equal(p.seq, (uint16_t) (before.seq + 1));
            assert_int_equal(p.ts - before.ts, packets[i].after);
        }
        before = p;
    }
    wc_free(pub);
    wc_free(sub);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tracks_are_counted),
        TEST(sums_outlive_what_they_are_of),
        TEST(a_packet_is_repeated_once),
        TEST(round_trips_to_publishers_are_measured),
        TEST(clocks_of_subscribers_are_echoed),
        TEST(publishers_are_asked_within_all_bounds),
        TEST(redundant_audio_is_unwrapped),
        TEST(fec_dtx_and_red_pass_untouched),
    };

    return cmocka_run_group_tests(tests, setup_daemon, stop_daemon);
}
