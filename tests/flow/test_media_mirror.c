/* What passes between a stream and its mirror on another worker: both in this thread, so that
 * either can be kept from running. */
#define MEDIA_KIT_WORKERS 2
#include "media_worker_kit.h"

#include "media/mirror.h"

#define WAIT_MS 10000

enum { RECORD_OF_NO_KIND = 1000 };

/* A publisher on the first worker, connected. */
static struct wc *publisher_here(void)
{
    worker = workers[0];
    return connected_publisher("s");
}

/* A subscriber on the other one, not connected. */
static struct wc *subscriber_there(const char *name)
{
    struct wc *c;

    worker = workers[0];
    assert_int_equal(mirror_open(the_publisher("s"), workers[1]), 0);
    pump();
    worker = workers[1];
    c = subscribe("s", name);
    return c;
}

static struct wc *connected_there(const char *name)
{
    struct wc *c = subscriber_there(name);

    connect_to(c, the_subscriber(name)->transport);
    return c;
}

static void fill(struct pipe *p)
{
    uint8_t body[1000] = {0};

    assert_non_null(p);
    while (pipe_write(p, RECORD_OF_NO_KIND, 0, bytes_of(body, sizeof(body))))
        ;
}

/* Key frames are sent until one comes through. */
static void expect_video_at_last(struct wc *pub, struct wc *sub, uint16_t seq)
{
    uint64_t until = clock_ms() + WAIT_MS;
    uint8_t buf[2048];
    struct rtp p;

    do {
        assert_true(clock_ms() < until);
        send_video(pub, seq++, true);
    } while (!wc_receive_rtp(sub, 20, buf, sizeof(buf), &p));
}

static void drain(struct wc *c)
{
    uint8_t buf[2048];
    size_t len;

    while (wc_receive(c, 0, buf, sizeof(buf), &len))
        ;
}

/* How many have come so far, of which each is the next. */
static unsigned count_video(struct wc *sub, uint16_t *next)
{
    uint8_t buf[2048];
    struct rtp p;
    unsigned n = 0;

    while (wc_receive_rtp(sub, 1, buf, sizeof(buf), &p)) {
        assert_true(*next == 0 || p.seq == *next);
        *next = (uint16_t) (p.seq + 1);
        n++;
    }
    return n;
}

/* ---- what is watched ---- */

static void what_is_watched_is_told_when_there_is_room_again(void **state)
{
    struct wc *pub = publisher_here(), *sub;

    (void) state;
    sub = subscriber_there("a");
    busy = workers[0];
    fill(pipe_to(workers[1], workers[0]));
    connect_to(sub, the_subscriber("a")->transport);
    busy = NULL;
    expect_video_at_last(pub, sub, 1);
    wc_free(pub);
    wc_free(sub);
}

/* ---- what came before ---- */

#define N_BEFORE 60

/* As a subscriber of the stream's own worker gets it: a run in a millisecond. */
static void what_came_before_is_no_burst(void **state)
{
    struct wc *pub = publisher_here(), *first = connected_subscriber("s", "here"), *sub;
    uint16_t next = 0;
    unsigned n = 0;

    (void) state;
    sub = subscriber_there("a");
    busy = workers[0];
    fill(pipe_to(workers[1], workers[0])); /* that it watches is not told */
    connect_to(sub, the_subscriber("a")->transport);
    drain(sub);
    busy = workers[1];
    worker = workers[0];
    for (uint16_t seq = 1; seq <= N_BEFORE; seq++)
        send_video(pub, seq, seq == 1);
    deliver();
    clock_fake(clock_us());
    busy = NULL;
    worker = workers[1];
    publisher_watched(the_publisher("s"), clock_us());
    for (unsigned run = HOLD_MAX; n < N_BEFORE; run += HOLD_MAX) {
        for (unsigned i = 0; i < 20; i++)
            pump();
        n += count_video(sub, &next);
        assert_int_equal(n, run < N_BEFORE ? run : N_BEFORE);
        clock_fake(clock_us() + 1000);
    }
    send_video(pub, N_BEFORE + 1, false);
    deliver();
    clock_fake(clock_us() + HOLD_US);
    for (unsigned i = 0; i < 20; i++)
        pump();
    assert_int_equal(count_video(sub, &next), 1);
    clock_fake(UINT64_MAX);
    wc_free(pub);
    wc_free(first);
    wc_free(sub);
}

static void put_report(struct wr *w, uint32_t ssrc)
{
    struct rtcp_sender_info info = {.ntp = 1ull << 60, .rtp_ts = 3000, .packets = 1, .octets = 8};

    rtcp_put_sr(w, ssrc, &info, NULL, 0);
}

static void send_audio(struct wc *pub, uint16_t seq)
{
    struct rtp h = {.pt = 111, .seq = seq, .ts = 960u * seq, .ssrc = AUDIO_SSRC};

    wc_send_rtp(pub, &h, NULL, 0, bytes_str("opus"));
}

static bool knows_clock(unsigned kind)
{
    const struct reception *r = &the_publisher("s")->tracks[kind].reception;

    return r->started && r->has_sr;
}

/* What the publisher reported before is of use to the first who watches on the other worker. */
static void clocks_are_known_from_the_beginning(void **state)
{
    struct wc *pub = publisher_here(), *sub;
    uint8_t compound[256], buf[2048];
    struct wr w = wr_init(compound, sizeof(compound));
    struct rtcp p;

    (void) state;
    send_audio(pub, 1);
    send_video(pub, 1, true);
    put_report(&w, AUDIO_SSRC);
    put_report(&w, VIDEO_SSRC);
    wc_send_rtcp(pub, &w);
    deliver();
    sub = connected_there("a");
    for (unsigned i = 0; i < 10; i++) /* until the sink knows what is watched */
        pump();
    send_audio(pub, 2);
    send_video(pub, 2, true);
    for (unsigned i = 0; i < WAIT_MS && !(knows_clock(SDP_AUDIO) && knows_clock(SDP_VIDEO)); i++)
        pump();
    assert_true(knows_clock(SDP_AUDIO));
    assert_true(knows_clock(SDP_VIDEO));
    assert_true(wc_receive_rtcp(sub, WAIT_MS, buf, sizeof(buf), RTCP_SR, -1, &p));
    wc_free(pub);
    wc_free(sub);
}

/* ---- long pauses ---- */

static struct track *mirrored_video(void)
{
    worker = workers[1];
    return &the_publisher("s")->tracks[SDP_VIDEO];
}

/* The publisher's numbers have gone more than half round meanwhile. */
static void numbers_begin_anew_after_a_pause(void **state)
{
    struct wc *pub = publisher_here(), *sub = connected_there("a"), *late;
    uint16_t next = 0;

    (void) state;
    expect_video_at_last(pub, sub, 1);
    subscriber_free(the_subscriber("a"));
    clock_fake(clock_us() + 11 * 1000000);
    for (unsigned i = 0; i < WAIT_MS && !mirrored_video()->asleep; i++)
        pump();
    assert_true(mirrored_video()->asleep);
    worker = workers[0];
    for (unsigned seq = 15000; seq <= 45000; seq += 15000) {
        send_video(pub, (uint16_t) seq, false);
        deliver();
    }
    wc_free(sub);
    sub = connected_there("b");
    for (unsigned i = 0; i < WAIT_MS && !count_video(sub, &next); i++) {
        send_video(pub, (uint16_t) (45001 + i), true);
        clock_fake(clock_us() + 1000);
    }
    assert_int_not_equal(next, 0);
    late = connected_there("c");
    next = 0;
    for (unsigned i = 0; i < 10; i++)
        pump();
    assert_int_not_equal(count_video(late, &next), 0); /* no other had to be asked for */
    wc_free(pub);
    wc_free(sub);
    wc_free(late);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_watched_is_told_when_there_is_room_again), TEST(what_came_before_is_no_burst),
        TEST(clocks_are_known_from_the_beginning),
        TEST(numbers_begin_anew_after_a_pause), /* the clock is not put back */
    };

    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
