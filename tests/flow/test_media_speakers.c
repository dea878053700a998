/* Of a room with many who send, the video of those who spoke last is forwarded. */
#define MEDIA_KIT_WORKERS 1
#define MEDIA_KIT_SETTINGS "last_n = 1;\n"
#include "media_kit.h"

#define N 3
#define LOUD 30
#define SILENT 127

static const char *const streams[N] = {"s", "t", "u"};

/* Publishers, and one who watches all of them. */
struct room {
    struct wc *pubs[N], *subs[N];
    uint16_t seq[N], audio_seq[N];
};

static struct wc *publish_stream(const char *stream)
{
    struct wc *c = wc_new();
    char *offer = publisher_offer(c, "sendonly");
    json_t *r = call("publish", publish_params(stream, offer));

    wc_take(c, json_string_value(json_object_get(r, "answer")));
    json_decref(r);
    free(offer);
    wc_connect(c);
    expect_state("stream", stream, "connected");
    return c;
}

static struct wc *watch(const char *stream)
{
    struct wc *c = wc_new();
    char *offer = subscriber_offer(c);
    json_t *r = call("subscribe", json_pack("{s:s, s:s, s:s, s:s}", "room", "r", "stream", stream,
                                            "subscriber", stream, "offer", offer));

    wc_take(c, json_string_value(json_object_get(r, "answer")));
    json_decref(r);
    free(offer);
    wc_connect(c);
    expect_state("subscriber", stream, "connected");
    return c;
}

static struct room new_room(void)
{
    struct room r = {0};

    for (unsigned i = 0; i < N; i++)
        r.pubs[i] = publish_stream(streams[i]);
    for (unsigned i = 0; i < N; i++)
        r.subs[i] = watch(streams[i]);
    return r;
}

static void free_room(struct room *r)
{
    for (unsigned i = 0; i < N; i++) {
        wc_free(r->pubs[i]);
        wc_free(r->subs[i]);
    }
}

static void send_audio(struct room *r, unsigned i, uint8_t level)
{
    struct rtp h = {
        .pt = 111, .seq = r->audio_seq[i]++, .ts = 960u * r->audio_seq[i], .ssrc = AUDIO_SSRC};
    struct rtp_ext ext = {.id = 1, .value = bytes_of(&level, 1)};

    wc_send_rtp(r->pubs[i], &h, &ext, 1, bytes_str("audio"));
}

/* Which streams' video comes through: bits. Everybody sends key frames, and one may speak. */
static unsigned seen(struct room *r, int speaker)
{
    unsigned bits = 0;
    uint8_t buf[2048];
    struct rtp p;

    for (unsigned i = 0; i < N; i++) {
        send_audio(r, i, (int) i == speaker ? LOUD : SILENT);
        send_video(r->pubs[i], ++r->seq[i], true);
    }
    for (unsigned i = 0; i < N; i++) {
        while (wc_receive_rtp(r->subs[i], 15, buf, sizeof(buf), &p))
            bits |= p.pt == bob.vp8 ? 1u << i : 0;
    }
    return bits;
}

/* Until that is so, and stays so. */
static void expect_seen(struct room *r, int speaker, unsigned bits)
{
    unsigned in_a_row = 0;

    for (unsigned i = 0; i < 400 && in_a_row < 5; i++)
        in_a_row = seen(r, speaker) == bits ? in_a_row + 1 : 0;
    assert_int_equal(in_a_row, 5);
}

static void the_last_speaker_is_shown(void **state)
{
    struct room r = new_room();

    (void) state;
    expect_seen(&r, -1, 1u << 0); /* who came first, as long as nobody speaks */
    expect_seen(&r, 2, 1u << 2);
    expect_seen(&r, -1, 1u << 2); /* and stays */
    expect_seen(&r, 1, 1u << 1);
    call_and_forget("unpublish", json_pack("{s:s, s:s}", "room", "r", "stream", "t"));
    expect_seen(&r, -1, 1u << 2); /* who spoke before that */
    free_room(&r);
}

/* The sequence numbers of what is forwarded have no gap, and it begins with a key frame. */
static void the_gap_does_not_show(void **state)
{
    struct room r = new_room();
    uint8_t buf[2048];
    struct rtp p = {0};
    uint16_t seq;
    unsigned n;

    (void) state;
    expect_seen(&r, 0, 1u << 0);
    send_video(r.pubs[0], ++r.seq[0], true);
    assert_true(wc_receive_rtp(r.subs[0], WC_WAIT_MS, buf, sizeof(buf), &p));
    seq = p.seq;
    expect_seen(&r, 1, 1u << 1);
    /* Deltas alone from here on; a key frame is asked for when it is their turn again. */
    for (n = 0; n < 400; n++) {
        bool pli;
        struct rtcp rtcp;

        send_audio(&r, 0, LOUD);
        send_audio(&r, 1, SILENT);
        send_video(r.pubs[0], ++r.seq[0], false);
        pli = wc_receive_rtcp(r.pubs[0], 15, buf, sizeof(buf), RTCP_PSFB, RTCP_FMT_PLI, &rtcp);
        while (wc_receive_rtp(r.subs[0], 1, buf, sizeof(buf), &p))
            assert_int_not_equal(p.pt, bob.vp8);
        if (pli)
            break;
    }
    assert_true(n < 400);
    send_video(r.pubs[0], ++r.seq[0], true);
    do {
        assert_true(wc_receive_rtp(r.subs[0], WC_WAIT_MS, buf, sizeof(buf), &p));
    } while (p.pt != bob.vp8);
    assert_payload(&p, key_frame, sizeof(key_frame));
    assert_in_range((uint16_t) (p.seq - seq), 1, 60); /* those of the last moments before */
    free_room(&r);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_last_speaker_is_shown),
        TEST(the_gap_does_not_show),
    };

    return cmocka_run_group_tests(tests, setup_daemon, stop_daemon);
}
