/* The load of the benches: a room in visavis-media, and in Debian's janus where that is installed
 * (else these are left out), by the same peers; everything that is sent arrives. */
#include "base/clock.h"
#include "tests/lib/media_server.h"
#include "tests/lib/private_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LOAD_US 500000
#define PATIENCE_US 20000000

static const struct media_shape shape = {.name = "a room of 3",
                                         .rooms = 1,
                                         .publishers = 3,
                                         .subscribers = 2,
                                         .audio = true,
                                         .burst = 4,
                                         .picture_us = 33333,
                                         .uneven = true};

static bool alone; /* in a network of its own */

static int64_t missing(const struct measure_contender *c)
{
    return (int64_t) c->due(c->arg) - (int64_t) c->arrived(c->arg);
}

static void flow(struct loop *l, const struct measure_contender *c)
{
    c->start(c->arg);
    assert_int_equal(measure_pause(l, LOAD_US), 0);
    c->stop(c->arg);
}

/* What a server holds back before the first key frame counts for nothing. */
static void check_server(struct media_bed *bed, struct media_server *s)
{
    struct measure_contender c;
    uint64_t deadline_us, sent;
    int64_t before;

    media_server_fill(s);
    c = media_server_contender(s);
    flow(bed->loop, &c);
    assert_int_equal(measure_pause(bed->loop, LOAD_US), 0);
    before = missing(&c);
    sent = c.due(c.arg);
    flow(bed->loop, &c);
    assert_true(c.due(c.arg) > sent);
    deadline_us = clock_us() + PATIENCE_US;
    while (missing(&c) > before && clock_us() < deadline_us)
        assert_int_equal(measure_pause(bed->loop, 10000), 0);
    assert_true(missing(&c) <= before);
    media_server_free(s);
}

static void test_ours(void **state)
{
    struct media_bed bed;

    (void) state;
    media_bed_open(&bed);
    check_server(&bed, media_server_new(&bed, &shape));
    media_bed_close(&bed);
}

static void test_floor(void **state)
{
    struct media_shape two = shape;
    struct media_bed bed;
    struct media_server *s;
    struct measure_contender c;

    (void) state;
    two.active = 2;
    media_bed_open(&bed);
    s = media_server_new_floor(&bed, &two, FLOOR_GSO);
    c = media_server_contender(s);
    flow(bed.loop, &c);
    for (uint64_t end_us = clock_us() + PATIENCE_US; missing(&c) > 0 && clock_us() < end_us;)
        assert_int_equal(measure_pause(bed.loop, 10000), 0);
    assert_true(c.due(c.arg) > 0);
    assert_true(missing(&c) == 0);
    media_server_free(s);
    media_bed_close(&bed);
}

static void check_janus(const struct janus_config *config, const char *profiles)
{
    struct media_bed bed;

    if (!alone || !janus_is_installed())
        skip();
    media_bed_open(&bed);
    check_server(&bed, media_server_new_janus(&bed, &shape, config, profiles));
    media_bed_close(&bed);
}

static void test_janus_as_shipped(void **state)
{
    (void) state;
    check_janus(&(struct janus_config){0}, "SRTP_AES128_CM_SHA1_80");
}

static void test_janus_tuned(void **state)
{
    (void) state;
    check_janus(&(struct janus_config){.event_loops = 1}, "SRTP_AEAD_AES_128_GCM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ours),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_janus_as_shipped),
        cmocka_unit_test(test_janus_tuned),
    };

    alone = private_net_enter() && private_net_add_host();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
