/* The packets of a video frame leave together, and of one size. */
#include "media_worker_kit.h"

#define PARTS 3
#define FRAMES 50

static const size_t part_sizes[PARTS] = {899, 900, 900}; /* as browsers cut them */

/* VP8's payload descriptor (S in the first part), then the frame; byte `i` all through it. */
static struct bytes part_of(uint8_t buf[static 900], unsigned i, bool key)
{
    memset(buf, (int) i, part_sizes[i]);
    buf[0] = i == 0 ? 0x10 : 0;
    buf[1] = key ? 0 : 1;
    return bytes_of(buf, part_sizes[i]);
}

static void send_part(struct wc *pub, uint16_t frame, unsigned i, bool marker)
{
    struct rtp h = {.marker = marker,
                    .pt = (uint8_t) alice.vp8,
                    .seq = (uint16_t) (PARTS * frame + i),
                    .ts = 3000u * frame,
                    .ssrc = VIDEO_SSRC};
    uint8_t buf[900];

    wc_send_rtp(pub, &h, NULL, 0, part_of(buf, i, frame == 0));
}

/* The part that comes next; in which sequence number of the subscriber's. */
static struct rtp expect_part(struct wc *sub, uint16_t frame, unsigned i, uint16_t first_seq)
{
    static uint8_t buf[2048];
    uint8_t sent[900];
    struct rtp p;

    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, part_of(sent, i, frame == 0).p, part_sizes[i]);
    if (frame > 0 || i > 0)
        assert_int_equal(p.seq, (uint16_t) (first_seq + PARTS * frame + i));
    return p;
}

static void the_parts_of_a_frame_become_equal(void **state)
{
    struct wc *pub = connected_publisher("s"), *sub = connected_subscriber("s", "a");
    struct wc *other = connected_subscriber("s", "b");
    uint16_t first = 0, first_other = 0;

    (void) state;
    for (uint16_t frame = 0; frame < FRAMES; frame++) {
        unsigned padding = 0;

        for (unsigned i = 0; i < PARTS; i++)
            send_part(pub, frame, i, i + 1 == PARTS);
        for (unsigned i = 0; i < PARTS; i++) {
            struct rtp p = expect_part(sub, frame, i, first);
            struct rtp q = expect_part(other, frame, i, first_other);

            if (frame == 0 && i == 0) {
                first = p.seq;
                first_other = q.seq;
            }
            assert_int_equal(p.marker, i + 1 == PARTS);
            assert_int_equal(p.padding_len, q.padding_len);
            padding += p.padding_len;
        }
        assert_int_equal(padding, 1);
    }
    wc_free(pub);
    wc_free(sub);
    wc_free(other);
}

static void a_frame_whose_end_is_lost_goes_on(void **state)
{
    struct wc *pub = connected_publisher("s"), *sub = connected_subscriber("s", "a");
    uint16_t first = 0;

    (void) state;
    for (unsigned i = 0; i < 2; i++) {
        struct rtp p;

        send_part(pub, 0, i, false);
        p = expect_part(sub, 0, i, first);
        if (i == 0)
            first = p.seq;
    }
    send_part(pub, 1, 0, false); /* behind a gap */
    (void) expect_part(sub, 1, 0, first);
    send_part(pub, 0, 2, true); /* what was missing */
    (void) expect_part(sub, 0, 2, first);
    wc_free(pub);
    wc_free(sub);
}

/* More parts than are held, and another source in the middle of a frame. */
static void long_and_broken_frames(void **state)
{
    struct wc *pub = connected_publisher("s"), *sub = connected_subscriber("s", "a");
    struct rtp h = {.pt = (uint8_t) alice.vp8, .ts = 1, .ssrc = VIDEO_SSRC};
    uint8_t buf[2048], sent[900];
    struct rtp p;
    uint16_t first = 0;

    (void) state;
    for (unsigned i = 0; i < 40; i++, h.seq++)
        wc_send_rtp(pub, &h, NULL, 0, part_of(sent, i > 0, true));
    h.seq = 7000;
    h.ssrc = VIDEO_SSRC + 100;
    wc_send_rtp(pub, &h, NULL, 0, part_of(sent, 0, true));
    for (unsigned i = 0; i < 41; i++) {
        assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
        if (i == 0)
            first = p.seq;
        assert_int_equal(p.seq, (uint16_t) (first + i));
        assert_int_equal(p.payload.p[0], i == 0 || i == 40 ? 0x10 : 0);
    }
    expect_nothing(sub);
    wc_free(pub);
    wc_free(sub);
}

/* More than leaves at once (and less than the history begins with), while more comes. */
static void a_long_replay_comes_in_order(void **state)
{
    struct wc *pub = connected_publisher("s"), *first = connected_subscriber("s", "a"), *late;
    uint8_t buf[2048];
    struct rtp p;
    uint16_t first_seq = 0;

    (void) state;
    for (uint16_t frame = 0; frame < 8; frame++) {
        for (unsigned i = 0; i < PARTS; i++) {
            send_part(pub, frame, i, i + 1 == PARTS);
            p = expect_part(first, frame, i, first_seq); /* it is in the history */
            if (frame == 0 && i == 0)
                first_seq = p.seq;
        }
    }
    late = subscribe("s", "b");
    wc_connect(late);
    for (uint16_t frame = 8; frame < 14; frame++) {
        for (unsigned i = 0; i < PARTS; i++)
            send_part(pub, frame, i, i + 1 == PARTS);
    }
    for (uint16_t i = 0; i < 14 * PARTS; i++) {
        assert_true(wc_receive_rtp(late, WC_WAIT_MS, buf, sizeof(buf), &p));
        if (i == 0)
            first_seq = p.seq;
        assert_int_equal(p.seq, (uint16_t) (first_seq + i));
        assert_int_equal(p.payload.len, part_sizes[i % PARTS]);
    }
    expect_nothing(late);
    wc_free(pub);
    wc_free(first);
    wc_free(late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_parts_of_a_frame_become_equal, close_room),
        cmocka_unit_test_teardown(a_frame_whose_end_is_lost_goes_on, close_room),
        cmocka_unit_test_teardown(long_and_broken_frames, close_room),
        cmocka_unit_test_teardown(a_long_replay_comes_in_order, close_room),
    };

    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
