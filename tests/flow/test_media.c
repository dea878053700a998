/* The media daemon forwards, repeats and reports. */
#include "media_kit.h"

static void packets_are_rewritten_for_the_subscriber(void **state)
{
    struct wc *pub = connected_publisher(), *sub;
    uint8_t buf[2048], level = 0x85;
    struct rtp_ext ext = {.id = 1, .value = bytes_of(&level, 1)};
    struct rtp audio = {.pt = 111, .seq = 65535, .ts = 960, .ssrc = AUDIO_SSRC};
    struct rtp p;
    uint16_t first;
    uint32_t first_ts;

    (void) state;
    sub = connected_subscriber("a");
    wc_send_rtp(pub, &audio, &ext, 1, bytes_str("one"));
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, bob.opus);
    assert_int_equal(p.ssrc, wc_remote.media[0].ssrcs[0].ssrc);
    assert_int_equal(rtp_find_ext(&p, 2).p[0], level);
    assert_payload(&p, "one", 3);
    first = p.seq;
    first_ts = p.ts;

    audio.seq = 0;
    audio.ts = 1920;
    wc_send_rtp(pub, &audio, NULL, 0, bytes_str("two"));
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (first + 1));
    assert_int_equal(p.ts - first_ts, 960);
    assert_int_equal(p.ext_profile, 0);

    send_video(pub, 100, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, bob.vp8);
    assert_true(p.marker);
    assert_int_equal(p.ssrc, wc_remote.media[1].ssrcs[0].ssrc);
    assert_int_equal(rtp_find_ext(&p, (uint8_t) bob.orientation).p[0], 2);
    assert_payload(&p, key_frame, sizeof(key_frame));
    wc_free(pub);
    wc_free(sub);
}

static void video_starts_with_a_key_frame_that_is_asked_for(void **state)
{
    struct wc *pub = connected_publisher(), *sub;
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    send_video(pub, 1, false);
    sub = connected_subscriber("a");
    expect_pli(pub);
    send_video(pub, 2, false);
    expect_nothing(sub);
    send_video(pub, 3, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, key_frame, sizeof(key_frame));
    wc_free(pub);
    wc_free(sub);
}

static void what_followed_the_last_key_frame_is_replayed(void **state)
{
    struct wc *pub = connected_publisher(), *sub, *first;
    uint8_t buf[2048];
    struct rtp p;
    uint16_t seq;

    (void) state;
    first = connected_subscriber("first");
    send_video(pub, 1, true);
    send_video(pub, 2, false);
    for (unsigned i = 0; i < 2; i++) /* both have arrived */
        assert_true(wc_receive_rtp(first, WC_WAIT_MS, buf, sizeof(buf), &p));
    sub = connected_subscriber("a");
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, key_frame, sizeof(key_frame));
    seq = p.seq;
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (seq + 1));
    assert_payload(&p, delta_frame, sizeof(delta_frame));
    send_video(pub, 3, false);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (seq + 2));
    expect_nothing(sub);
    wc_free(pub);
    wc_free(first);
    wc_free(sub);
}

static void a_nack_is_answered_by_rtx(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    uint32_t ssrc = wc_remote.media[1].ssrcs[0].ssrc, rtx = wc_remote.media[1].ssrcs[0].rtx;
    uint8_t buf[2048], compound[256];
    struct wr w = wr_init(compound, sizeof(compound));
    struct rtp p;
    uint16_t seq;
    uint32_t ts;

    (void) state;
    send_video(pub, 7, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    seq = p.seq;
    ts = p.ts;
    rtcp_put_rr(&w, 1, NULL, 0);
    rtcp_put_nack(&w, 1, ssrc, &seq, 1);
    wc_send_rtcp(sub, &w);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.ssrc, rtx);
    assert_int_equal(p.pt, bob.rtx);
    assert_int_equal(p.ts, ts);
    assert_int_equal(p.payload.p[0] << 8 | p.payload.p[1], seq);
    assert_int_equal(p.payload.len, 2 + sizeof(key_frame));
    assert_memory_equal(p.payload.p + 2, key_frame, sizeof(key_frame));

    /* One retransmission is earned by each packet: more of the same stay unanswered. */
    w = wr_init(compound, sizeof(compound));
    rtcp_put_rr(&w, 1, NULL, 0);
    rtcp_put_nack(&w, 1, ssrc, &seq, 1);
    wc_send_rtcp(sub, &w);
    expect_nothing(sub);
    wc_free(pub);
    wc_free(sub);
}

static void a_gap_is_asked_for_and_filled_by_rtx(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    uint8_t buf[2048], payload[2 + sizeof(delta_frame)] = {0, 11};
    struct rtp h = {.pt = 97, .seq = 500, .ts = 33000, .ssrc = VIDEO_SSRC + 1};
    struct rtcp r;
    struct rtp p;
    uint16_t seq, asked;
    size_t pos = 0;

    (void) state;
    send_video(pub, 10, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    seq = p.seq;
    send_video(pub, 12, false);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (seq + 2));
    assert_true(wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_RTPFB, RTCP_FMT_NACK, &r));
    assert_true(rtcp_next_nack(&r, &pos, &asked));
    assert_int_equal(asked, 11);
    memcpy(payload + 2, delta_frame, sizeof(delta_frame));
    wc_send_rtp(pub, &h, NULL, 0, bytes_of(payload, sizeof(payload)));
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, bob.vp8); /* late, in its own place */
    assert_int_equal(p.seq, (uint16_t) (seq + 1));
    assert_payload(&p, delta_frame, sizeof(delta_frame));
    wc_free(pub);
    wc_free(sub);
}

static void publishers_get_receiver_reports(void **state)
{
    struct wc *pub = connected_publisher();
    struct rtcp_report_block block;
    uint8_t buf[2048];
    struct rtcp p;

    (void) state;
    send_video(pub, 1, true);
    do {
        assert_true(wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_RR, -1, &p));
    } while (!rtcp_report_block(&p, 0, &block));
    assert_int_equal(block.ssrc, VIDEO_SSRC);
    assert_int_equal(block.highest_seq & 0xffff, 1);
    wc_free(pub);
}

/* More than one message has room for; the publisher sends nothing more. */
static void all_that_is_missing_is_asked_for(void **state)
{
    struct wc *pub = connected_publisher();
    bool asked[100] = {false};
    uint8_t buf[2048];
    struct rtcp p;
    uint16_t seq;

    (void) state;
    send_video(pub, 1, true);
    send_video(pub, 100, false);
    for (unsigned n = 0; n < 98;) {
        size_t pos = 0;

        assert_true(
            wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_RTPFB, RTCP_FMT_NACK, &p));
        while (rtcp_next_nack(&p, &pos, &seq)) {
            assert_true(seq > 1 && seq < 100);
            n += !asked[seq];
            asked[seq] = true;
        }
    }
    wc_free(pub);
}

/* The encoder has begun anew, perhaps with a key frame that got lost. */
static void another_ssrc_is_asked_for_a_key_frame(void **state)
{
    struct wc *pub = connected_publisher();
    struct rtp h = {.marker = true, .pt = 96, .seq = 1, .ts = 1, .ssrc = VIDEO_SSRC + 100};
    uint8_t buf[2048];
    struct rtcp p;

    (void) state;
    send_video(pub, 1, true);
    wc_send_rtp(pub, &h, NULL, 0, bytes_of(delta_frame, sizeof(delta_frame)));
    assert_true(wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_PSFB, RTCP_FMT_PLI, &p));
    assert_int_equal(p.media_ssrc, VIDEO_SSRC + 100);
    wc_free(pub);
}

/* The highest of what its subscribers may be sent, if all of them are limited. */
static void publishers_are_asked_for_what_is_of_use(void **state)
{
    static const struct {
        const char *name;
        int kbps;
        uint64_t bps; /* asked for once this one is there too */
    } steps[] = {{"a", 300, 300000}, {"b", 500, 500000}};
    struct wc *pub = connected_publisher();

    (void) state;
    send_video(pub, 1, true);
    for (unsigned i = 0; i < 2; i++) {
        json_t *params = subscriber_params(steps[i].name);

        json_object_set_new(params, "maxSendKbps", json_integer(steps[i].kbps));
        call_and_forget("offer", params);
        expect_remb(pub, steps[i].bps);
    }
    wc_free(pub);
}

static void subscribers_get_sender_reports(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    struct rtcp_sender_info info = {.ntp = 1ull << 60, .rtp_ts = 3000, .packets = 1, .octets = 8};
    uint8_t buf[2048], compound[256];
    struct wr w = wr_init(compound, sizeof(compound));
    struct rtcp p;

    (void) state;
    send_video(pub, 1, true);
    rtcp_put_sr(&w, VIDEO_SSRC, &info, NULL, 0);
    wc_send_rtcp(pub, &w);
    assert_true(wc_receive_rtcp(sub, WC_WAIT_MS, buf, sizeof(buf), RTCP_SR, -1, &p));
    assert_int_equal(p.ssrc, wc_remote.media[1].ssrcs[0].ssrc);
    assert_int_equal(rtcp_sender_info(&p, &info), 0);
    assert_int_equal(info.packets, 1);
    wc_free(pub);
    wc_free(sub);
}

static void publishing_again_keeps_subscribers(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a"), *again;
    uint8_t buf[2048];
    uint16_t seq;
    struct rtp p;

    (void) state;
    send_video(pub, 40000, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    seq = p.seq;
    again = connected_publisher();
    send_video(pub, 40001, true);
    expect_nothing(sub);
    send_video(again, 5, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (seq + 1));
    assert_int_equal(p.pt, bob.vp8);
    wc_free(pub);
    wc_free(again);
    wc_free(sub);
}

static void loopback_publishers_get_their_own_media(void **state)
{
    struct wc *pub = publish("sendrecv", true);
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    wc_connect(pub);
    expect_state("stream", "s", "connected");
    send_video(pub, 1, true);
    assert_true(wc_receive_rtp(pub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, 96);
    assert_int_equal(p.ssrc, wc_remote.media[1].ssrcs[0].ssrc);
    assert_payload(&p, key_frame, sizeof(key_frame));
    wc_free(pub);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packets_are_rewritten_for_the_subscriber),
        TEST(video_starts_with_a_key_frame_that_is_asked_for),
        TEST(what_followed_the_last_key_frame_is_replayed),
        TEST(a_nack_is_answered_by_rtx),
        TEST(a_gap_is_asked_for_and_filled_by_rtx),
        TEST(publishers_get_receiver_reports),
        TEST(all_that_is_missing_is_asked_for),
        TEST(another_ssrc_is_asked_for_a_key_frame),
        TEST(publishers_are_asked_for_what_is_of_use),
        TEST(subscribers_get_sender_reports),
        TEST(publishing_again_keeps_subscribers),
        TEST(loopback_publishers_get_their_own_media),
    };

    return cmocka_run_group_tests(tests, setup_daemon, stop_daemon);
}
