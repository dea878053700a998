#include "client/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS UINT64_C(1000)
#define SENDER 77

/* A packet of 100 bytes; stamped: with a stamp that says seq too. */
static void add(struct meter *m, uint64_t now_us, uint16_t seq, uint64_t delay_us, bool stamped,
                uint32_t stamp_seq)
{
    uint8_t payload[100] = {0};
    struct rtp rtp = {
        .seq = seq, .ts = (uint32_t) seq * 900, .payload = bytes_of(payload, sizeof(payload))};
    struct stamp s = {SENDER, stamp_seq, now_us - delay_us};

    if (stamped)
        stamp_write(&s, payload + sizeof(payload) - STAMP_SIZE);
    meter_add(m, now_us, &rtp, false);
}

static void a_stamp_comes_back(void **state)
{
    uint8_t payload[40] = {0};
    struct stamp s = {0xfffffffe, 0x80000001, UINT64_MAX - 5}, got;

    (void) state;
    assert_int_equal(stamp_read(bytes_of(payload, sizeof(payload)), &got), -ENOENT);
    assert_int_equal(stamp_read(bytes_of(payload, STAMP_SIZE - 1), &got), -ENOENT);
    stamp_write(&s, payload + sizeof(payload) - STAMP_SIZE);
    assert_int_equal(stamp_read(bytes_of(payload, sizeof(payload)), &got), 0);
    assert_int_equal(got.sender, s.sender);
    assert_int_equal(got.seq, s.seq);
    assert_true(got.sent_us == s.sent_us);
}

static void counts_what_is_lost(void **state)
{
    struct meter m;

    (void) state;
    meter_init(&m, SENDER, 90000);
    assert_int_equal(meter_lost(&m), 0);
    for (unsigned i = 0; i < 100; i++)
        if (i % 10 != 3)
            add(&m, i * 10 * MS, (uint16_t) (65500 + i), 0, false, 0); /* over the wrap */
    assert_int_equal(m.packets, 90);
    assert_int_equal(meter_lost(&m), 10);
    add(&m, 1000 * MS, (uint16_t) (65500 + 13), 0, false, 0); /* late, not lost */
    assert_int_equal(meter_lost(&m), 9);
    assert_int_equal(m.late, 1);
}

static void what_came_again_was_lost_at_first(void **state)
{
    uint8_t payload[100] = {0};
    struct rtp rtp = {.seq = 1, .ts = 7, .payload = bytes_of(payload, sizeof(payload))};
    struct meter m;
    double jitter;

    (void) state;
    meter_init(&m, SENDER, 90000);
    for (unsigned i = 0; i < 10; i++)
        if (i != 1 && i != 5)
            add(&m, i * 10 * MS, (uint16_t) i, 0, false, 0);
    jitter = meter_jitter_ms(&m);
    assert_int_equal(meter_lost(&m), 2);
    assert_int_equal(meter_lost_at_first(&m), 2);
    meter_add(&m, 500 * MS, &rtp, true);
    assert_int_equal(meter_lost(&m), 1);
    assert_int_equal(meter_lost_at_first(&m), 2);
    assert_int_equal(m.late, 0);
    assert_true(meter_jitter_ms(&m) == jitter);
}

/* The server may renumber; the stamps tell what was sent. */
static void stamps_count_before_rtp(void **state)
{
    struct meter m;

    (void) state;
    meter_init(&m, SENDER, 90000);
    for (unsigned i = 0; i < 20; i++)
        if (i != 7 && i != 8)
            add(&m, i * MS, (uint16_t) (i < 7 ? i : i - 2), MS, true, UINT32_MAX - 3 + i);
    assert_int_equal(meter_lost(&m), 2);
}

static void measures_delay(void **state)
{
    struct meter m;

    (void) state;
    meter_init(&m, SENDER, 90000);
    assert_true(meter_delay_us(&m, 0.5) == 0);
    for (unsigned i = 0; i < 100; i++)
        add(&m, (i + 1000) * MS, (uint16_t) i, i < 90 ? 2 * MS : 50 * MS, true, i);
    assert_true(m.delay_min_us == 2 * MS);
    assert_true(m.delay_max_us == 50 * MS);
    assert_in_range(meter_delay_us(&m, 0.5), 1800, 2200);
    assert_in_range(meter_delay_us(&m, 0.95), 45000, 55000);
    assert_true(meter_delay_us(&m, 0.001) > 0);
    meter_init(&m, SENDER + 1, 90000); /* another's clock is not ours */
    add(&m, 1000 * MS, 1, MS, true, 1);
    assert_int_equal(m.n_delays, 0);
}

static void any_delay_has_a_bucket(void **state)
{
    (void) state;
    for (uint64_t us = 0; us < UINT64_C(1) << 40; us = us * 5 / 4 + 1) {
        struct meter m;

        meter_init(&m, SENDER, 90000);
        add(&m, (UINT64_C(1) << 41) + us, 1, us, true, 1);
        if (us < UINT64_C(1) << 33) /* two hours */
            assert_in_range(meter_delay_us(&m, 1), us - us / 8, us + us / 8 + 1);
    }
}

static void tells_rate_gap_and_jitter(void **state)
{
    struct meter m;

    (void) state;
    meter_init(&m, SENDER, 90000);
    for (unsigned i = 0; i <= 100; i++)
        add(&m, i * 10 * MS, (uint16_t) i, 0, false, 0); /* 10 ms as its timestamps say */
    assert_true(meter_jitter_ms(&m) < 0.01);
    assert_in_range((uint64_t) meter_kbit_s(&m), 79, 81);
    assert_true(m.longest_gap_us == 10 * MS);
    add(&m, 1100 * MS, 101, 0, false, 0); /* 90 ms too late */
    assert_true(m.longest_gap_us == 100 * MS);
    assert_in_range((uint64_t) (meter_jitter_ms(&m) * 1000), 5500, 5750); /* a sixteenth of it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stamp_comes_back),
        cmocka_unit_test(counts_what_is_lost),
        cmocka_unit_test(what_came_again_was_lost_at_first),
        cmocka_unit_test(stamps_count_before_rtp),
        cmocka_unit_test(measures_delay),
        cmocka_unit_test(any_delay_has_a_bucket),
        cmocka_unit_test(tells_rate_gap_and_jitter),
    };

    return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
