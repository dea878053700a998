#include "media/reception.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000)

static struct reception r;

static int setup(void **state)
{
    (void) state;
    reception_init(&r, 0xabcd, 8000);
    return 0;
}

static struct rtcp_report_block report(uint64_t now_us)
{
    struct rtcp_report_block b;

    assert_true(reception_report(&r, now_us, &b));
    assert_int_equal(b.ssrc, 0xabcd);
    return b;
}

static void test_nothing_yet(void **state)
{
    (void) state;
    struct rtcp_report_block b;

    assert_false(reception_report(&r, 0, &b));
}

static void test_extended_numbers(void **state)
{
    (void) state;

    assert_int_equal(reception_packet(&r, 65534, 0, 10, 0), 0x1fffe);
    assert_int_equal(reception_packet(&r, 1, 0, 10, 0), 0x20001);
    assert_int_equal(reception_packet(&r, 65535, 0, 10, 0), 0x1ffff);
    assert_int_equal(report(0).highest_seq, 0x10001);
    assert_int_equal(r.octets, 30);
}

static void test_before_the_first(void **state)
{
    (void) state;

    assert_int_equal(reception_packet(&r, 0, 0, 0, 0), 0x10000);
    assert_int_equal(reception_packet(&r, 65535, 0, 0, 0), 0xffff);
    assert_int_equal(report(0).lost, 0);
    assert_int_equal(report(0).highest_seq, 0);
}

static void test_loss(void **state)
{
    (void) state;
    struct rtcp_report_block b;

    for (uint16_t i = 0; i < 100; i++) {
        if (i % 4 != 3)
            reception_packet(&r, i, 0, 0, 0);
    }
    reception_packet(&r, 99, 0, 0, 0);
    b = report(0);
    assert_int_equal(b.lost, 24);
    assert_int_equal(b.fraction_lost, 24 * 256 / 100);

    for (uint16_t i = 100; i < 110; i++)
        reception_packet(&r, i, 0, 0, 0);
    b = report(0);
    assert_int_equal(b.lost, 24);
    assert_int_equal(b.fraction_lost, 0);

    for (unsigned i = 0; i < 30; i++)
        reception_packet(&r, 109, 0, 0, 0);
    b = report(0);
    assert_int_equal(b.lost, -6); /* duplicates count as received */
    assert_int_equal(b.fraction_lost, 0);
    b = report(0);
    assert_int_equal(b.fraction_lost, 0);
}

static void test_all_lost_but_one(void **state)
{
    (void) state;

    reception_packet(&r, 0, 0, 0, 0);
    report(0);
    reception_packet(&r, 20000, 0, 0, 0);
    assert_int_equal(report(0).fraction_lost, 255);
}

static void test_jitter(void **state)
{
    (void) state;

    /* 20 ms apart by both clocks: none. */
    for (uint16_t i = 0; i < 50; i++)
        reception_packet(&r, i, 160u * i + 0xffffff00, 0, 20000u * i);
    assert_int_equal(report(0).jitter, 0);
    /* Every second one 10 ms (80 ticks) late: differences of 80, so 80 in the long run. */
    for (uint16_t i = 50; i < 500; i++)
        reception_packet(&r, i, 160u * i + 0xffffff00, 0, 20000u * i + (i % 2 ? 10000u : 0u));
    assert_in_range(report(0).jitter, 78, 80);
}

static void test_packets_of_one_frame_are_no_jitter(void **state)
{
    (void) state;

    for (uint16_t i = 0; i < 60; i++)
        reception_packet(&r, i, 160u * (i / 3), 0, 20000u * (i / 3) + 900u * (i % 3));
    assert_int_equal(report(0).jitter, 0);
}

static void test_pauses(void **state)
{
    (void) state;

    reception_packet(&r, 1, 0, 1, 5 * SECOND);
    reception_packet(&r, 2, 160, 1, 5 * SECOND + RECEPTION_PAUSE_US);
    assert_int_equal(r.pauses, 0);
    reception_packet(&r, 4, 320, 1, 9 * SECOND);
    assert_int_equal(r.pauses, 1);
    assert_int_equal(r.paused_us, 4 * SECOND - RECEPTION_PAUSE_US);
    reception_packet(&r, 3, 240, 1, 12 * SECOND); /* late: it ends no pause */
    assert_int_equal(r.pauses, 1);
    assert_int_equal(reception_lost(&r), 0);
    reception_packet(&r, 7, 400, 1, 12 * SECOND);
    assert_int_equal(r.pauses, 2);
    assert_int_equal(reception_lost(&r), 2);
}

static void test_sender_reports(void **state)
{
    (void) state;
    const struct rtcp_sender_info sr = {.ntp = 0xe000000180000000u, .rtp_ts = 1000};
    struct rtcp_report_block b;
    uint64_t ntp;
    uint32_t ts;

    reception_packet(&r, 0, 0, 0, 0);
    assert_int_equal(report(0).lsr, 0);
    assert_int_equal(report(0).dlsr, 0);
    assert_int_equal(reception_clock(&r, 0, &ntp, &ts), -EAGAIN);
    reception_sr(&r, &sr, 10 * SECOND);
    b = report(11 * SECOND + SECOND / 2);
    assert_int_equal(b.lsr, 0x00018000);
    assert_int_equal(b.dlsr, 0x18000);
    assert_int_equal(reception_clock(&r, 12 * SECOND + SECOND / 4, &ntp, &ts), 0);
    assert_true(ntp == 0xe0000003c0000000u);
    assert_int_equal(ts, 1000 + 18000);
}

static void test_sending(void **state)
{
    (void) state;
    struct sending s;
    struct rtcp_sender_info info;
    struct rtcp_report_block b = {.lsr = 0, .dlsr = 0x8000};
    uint64_t rtt;

    sending_init(&s, 5);
    assert_int_equal(sending_rtt(&s, &b, 0, &rtt), -ENOENT);
    sending_packet(&s, 1000);
    sending_packet(&s, 24);
    sending_report(&s, 0xe000000180000000u, 99, 10 * SECOND, &info);
    assert_true(info.ntp == 0xe000000180000000u);
    assert_int_equal(info.rtp_ts, 99);
    assert_int_equal(info.packets, 2);
    assert_int_equal(info.octets, 1024);

    b.lsr = 0x00018000;
    assert_int_equal(sending_rtt(&s, &b, 10 * SECOND + 520000, &rtt), 0);
    assert_int_equal(rtt, 20000);
    assert_int_equal(sending_rtt(&s, &b, 10 * SECOND + 400000, &rtt), -ENOENT); /* before it left */
    for (uint64_t i = 2; i < 5; i++)
        sending_report(&s, i << 32, 0, 20 * SECOND, &info);
    assert_int_equal(sending_rtt(&s, &b, 21 * SECOND, &rtt), 0);
    sending_report(&s, UINT64_C(5) << 32, 0, 20 * SECOND, &info);
    assert_int_equal(sending_rtt(&s, &b, 21 * SECOND, &rtt), -ENOENT); /* too long ago */
}

static void test_ntp(void **state)
{
    (void) state;

    assert_true(ntp_from_wall_ms(0) == UINT64_C(2208988800) << 32);
    assert_true(ntp_from_wall_ms(1500) == (UINT64_C(2208988801) << 32 | 0x80000000u));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing_yet, setup),
        cmocka_unit_test_setup(test_extended_numbers, setup),
        cmocka_unit_test_setup(test_before_the_first, setup),
        cmocka_unit_test_setup(test_loss, setup),
        cmocka_unit_test_setup(test_all_lost_but_one, setup),
        cmocka_unit_test_setup(test_jitter, setup),
        cmocka_unit_test_setup(test_packets_of_one_frame_are_no_jitter, setup),
        cmocka_unit_test_setup(test_pauses, setup),
        cmocka_unit_test_setup(test_sender_reports, setup),
        cmocka_unit_test(test_sending),
        cmocka_unit_test(test_ntp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
