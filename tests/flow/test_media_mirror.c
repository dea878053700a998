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

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_watched_is_told_when_there_is_room_again),
    };

    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
