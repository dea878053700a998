/* What nobody watches is counted, and after a while neither kept nor asked for. */
#include "media_worker_kit.h"

#define AWAKE_S 9 /* though nobody watches */
#define TO_SLEEP_S 3

static uint64_t now_us;

static const struct track *video(void)
{
    return &the_publisher("s")->tracks[SDP_VIDEO];
}

static void send_and_count(struct wc *pub, uint16_t seq, bool key)
{
    send_video(pub, seq, key);
    deliver();
    assert_int_equal((uint16_t) video()->reception.highest, seq);
}

static void expect_no_nack(struct wc *pub)
{
    uint8_t buf[2048];
    struct rtcp p;

    let_pass(&now_us, 1);
    deliver();
    assert_false(wc_receive_rtcp(pub, 0, buf, sizeof(buf), RTCP_RTPFB, RTCP_FMT_NACK, &p));
}

static void expect_nack(struct wc *pub)
{
    uint8_t buf[2048];
    struct rtcp p;

    let_pass(&now_us, 1);
    assert_true(wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_RTPFB, RTCP_FMT_NACK, &p));
}

static void fall_asleep(void)
{
    let_pass(&now_us, AWAKE_S);
    assert_false(video()->asleep);
    let_pass(&now_us, TO_SLEEP_S);
    assert_true(video()->asleep);
    assert_null(video()->history);
}

static void it_falls_asleep_and_wakes(void **state)
{
    struct wc *pub = connected_publisher("s"), *sub;
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    now_us = clock_us();
    send_and_count(pub, 1, true);
    assert_non_null(video()->history);
    fall_asleep();
    send_and_count(pub, 2, false);
    send_and_count(pub, 5, false); /* behind a gap */
    expect_no_nack(pub);
    assert_null(video()->history);

    sub = connected_subscriber("s", "a");
    assert_false(video()->asleep);
    assert_non_null(video()->history);
    expect_pli(pub); /* what came before is not there to be repeated */
    send_and_count(pub, 6, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, key_frame, sizeof(key_frame));
    let_pass(&now_us, AWAKE_S + TO_SLEEP_S);
    assert_false(video()->asleep);
    send_and_count(pub, 8, false);
    expect_nack(pub);
    wc_free(sub);

    (void) request_sdp(COMMAND_UNSUBSCRIBE, "s", "a", "", false, NULL);
    fall_asleep();
    wc_free(pub);
}

static int end(void **state)
{
    clock_fake(UINT64_MAX);
    return close_room(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(it_falls_asleep_and_wakes, end),
    };

    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
