/* Subscribers that are not reached for a while, and come back. The clock is moved by hand. */
#include "media_worker_kit.h"

#include "media/feedback.h"

#define TURNS_MAX 10000

/* For so long that it has no consent any more; the publisher does check. */
static void be_away(struct wc *pub, const struct transport *t)
{
    clock_fake(clock_us() + (ICE_CONSENT_MS - 1000) * 1000);
    assert_true(wc_check(pub, pub->remote_pwd, true, WC_WAIT_MS));
    clock_fake(clock_us() + 2000 * 1000);
    for (unsigned i = 0; i < TURNS_MAX && t->state == TRANSPORT_CONNECTED; i++)
        pump();
    assert_int_equal(t->state, TRANSPORT_DISCONNECTED);
}

static void come_back(struct wc *sub, const struct transport *t)
{
    uint8_t buf[2048];
    size_t len;

    while (wc_receive(sub, 0, buf, sizeof(buf), &len)) /* of before */
        ;
    assert_true(wc_check(sub, sub->remote_pwd, true, WC_WAIT_MS));
    assert_int_equal(t->state, TRANSPORT_CONNECTED);
}

static void send_audio(struct wc *pub, uint16_t seq)
{
    struct rtp h = {.pt = 111, .seq = seq, .ts = 960u * seq, .ssrc = AUDIO_SSRC};

    wc_send_rtp(pub, &h, NULL, 0, bytes_str("opus"));
    deliver();
}

/* Its number. */
static uint16_t expect_audio(struct wc *sub)
{
    uint8_t buf[2048];
    struct rtp p;

    do {
        assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    } while (p.pt != bob.opus);
    return p.seq;
}

/* Nothing is received, kept or asked for on its behalf. */
static void who_is_away_does_not_watch(void **state)
{
    struct wc *pub = connected_publisher("s"), *sub = connected_subscriber("s", "a");
    const struct transport *t = the_subscriber("a")->transport;
    const struct publisher *p = the_publisher("s");

    (void) state;
    the_subscriber("a")->max_send_kbps = 300;
    send_video(pub, 1, true);
    deliver();
    assert_int_equal(p->tracks[SDP_VIDEO].unwatched_us, 0);
    assert_int_equal(feedback_useful_kbps(p), 300);
    be_away(pub, t);
    for (unsigned i = 0; i < NEG_KINDS; i++)
        assert_int_not_equal(p->tracks[i].unwatched_us, 0);
    assert_int_equal(feedback_useful_kbps(p), 0);
    come_back(sub, t);
    for (unsigned i = 0; i < NEG_KINDS; i++)
        assert_int_equal(p->tracks[i].unwatched_us, 0);
    assert_int_equal(feedback_useful_kbps(p), 300);
    wc_free(pub);
    wc_free(sub);
}

/* What it has missed was not lost. */
static void numbers_go_on_where_they_were(void **state)
{
    struct wc *pub = connected_publisher("s"), *sub = connected_subscriber("s", "a");
    const struct transport *t = the_subscriber("a")->transport;
    uint16_t last;

    (void) state;
    send_audio(pub, 1);
    last = expect_audio(sub);
    be_away(pub, t);
    for (uint16_t seq = 2; seq < 100; seq++)
        send_audio(pub, seq);
    come_back(sub, t);
    send_audio(pub, 100);
    assert_int_equal(expect_audio(sub), (uint16_t) (last + 1));
    wc_free(pub);
    wc_free(sub);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_away_does_not_watch),
        TEST(numbers_go_on_where_they_were),
    };

    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
