#include "media/twcc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS UINT64_C(1000)

static struct twcc t;
static struct rtcp_twcc head;
static struct rtcp_twcc_packet got[TWCC_PACKETS_MAX];
static size_t n_got;

static int setup(void **state)
{
    (void) state;
    twcc_init(&t);
    return 0;
}

/* Takes one feedback packet apart; false: there is none. */
static bool feedback(void)
{
    uint8_t buf[TWCC_FEEDBACK_MAX];
    struct wr w = wr_init(buf, sizeof(buf));
    struct rtcp p;
    struct rd r;
    size_t len = 0;

    if (!twcc_put_feedback(&t, &w, 1, 2))
        return false;
    assert_int_equal(wr_finish(&w, &len), 0);
    r = rd_init(bytes_of(buf, len));
    assert_true(rtcp_next(&r, &p));
    assert_int_equal(p.ssrc, 1);
    assert_int_equal(p.media_ssrc, 2);
    assert_int_equal(rtcp_twcc_decode(&p, &head, got, TWCC_PACKETS_MAX, &n_got), 0);
    return true;
}

/* When did packet i of the feedback arrive? */
static uint64_t arrival(size_t i)
{
    uint64_t at = (uint64_t) head.reference_time * 64000;

    for (size_t k = 0; k <= i; k++)
        at += (uint64_t) got[k].delta_us;
    return at;
}

static void test_nothing_to_report(void **state)
{
    (void) state;

    assert_true(twcc_deadline(&t) == UINT64_MAX);
    assert_false(feedback());
}

static void test_arrivals_losses_and_order(void **state)
{
    (void) state;

    twcc_packet(&t, 65534, 100 * MS);
    twcc_packet(&t, 1, 110 * MS);
    twcc_packet(&t, 65535, 111 * MS);
    twcc_packet(&t, 1, 150 * MS); /* a duplicate: the first arrival counts */
    assert_true(feedback());
    assert_int_equal(head.base_seq, 65534);
    assert_int_equal(n_got, 4);
    assert_int_equal(arrival(0), 100 * MS);
    assert_int_equal(arrival(1), 111 * MS);
    assert_false(got[2].received);
    assert_int_equal(arrival(3), 110 * MS);
    assert_int_equal(head.feedback_count, 0);
    assert_false(feedback());

    twcc_packet(&t, 2, 200 * MS);
    assert_true(feedback());
    assert_int_equal(head.base_seq, 2);
    assert_int_equal(head.feedback_count, 1);
}

static void test_late_packet_is_reported_again(void **state)
{
    (void) state;

    twcc_packet(&t, 10, 10 * MS);
    twcc_packet(&t, 12, 12 * MS);
    assert_true(feedback());
    twcc_packet(&t, 11, 70 * MS);
    assert_true(feedback());
    assert_int_equal(head.base_seq, 11);
    assert_int_equal(n_got, 2);
    assert_int_equal(arrival(0), 70 * MS);
    assert_int_equal(arrival(1), 12 * MS);
    assert_false(feedback());
}

static void test_loss_between_feedbacks(void **state)
{
    (void) state;

    twcc_packet(&t, 10, 10 * MS);
    assert_true(feedback());
    twcc_packet(&t, 13, 100 * MS);
    assert_true(feedback());
    assert_int_equal(head.base_seq, 11);
    assert_int_equal(n_got, 3);
    assert_false(got[0].received || got[1].received);
    assert_int_equal(arrival(2), 100 * MS);
}

static void test_deadlines(void **state)
{
    (void) state;

    twcc_packet(&t, 0, 10 * MS);
    assert_true(twcc_deadline(&t) == 10 * MS + TWCC_INTERVAL_IDLE_US);
    for (uint16_t i = 1; i < 8; i++)
        twcc_packet(&t, i, 20 * MS);
    assert_true(twcc_deadline(&t) == 10 * MS + TWCC_INTERVAL_US);
    assert_true(feedback());
    assert_true(twcc_deadline(&t) == UINT64_MAX);
}

static void test_long_gap_in_time(void **state)
{
    (void) state;

    twcc_packet(&t, 0, 0);
    twcc_packet(&t, 1, 9000 * MS); /* more than a delta can say: a second packet */
    assert_true(feedback());
    assert_int_equal(n_got, 1);
    assert_true(twcc_deadline(&t) != UINT64_MAX);
    assert_true(feedback());
    assert_int_equal(n_got, 1);
    assert_int_equal(head.base_seq, 1);
    assert_int_equal(arrival(0), 9000 * MS);
    assert_false(feedback());
}

static void test_many_packets(void **state)
{
    (void) state;

    for (uint16_t i = 0; i < TWCC_WINDOW; i++)
        twcc_packet(&t, i, MS * i * (i % 2 ? 1 : 3)); /* deltas of every kind */
    assert_true(feedback());
    assert_int_equal(n_got, TWCC_PACKETS_MAX);
    assert_true(feedback());
    assert_int_equal(head.base_seq, TWCC_PACKETS_MAX);
    assert_int_equal(n_got, TWCC_WINDOW - TWCC_PACKETS_MAX);
    assert_false(feedback());
}

static void test_long_losses(void **state)
{
    (void) state;

    twcc_packet(&t, 0, 0);
    assert_true(feedback());
    twcc_packet(&t, 500, 50 * MS); /* within the window, more than one packet can hold */
    assert_true(feedback());
    assert_int_equal(head.base_seq, 500);
    assert_int_equal(arrival(n_got - 1), 50 * MS);
    twcc_packet(&t, 20000, 60 * MS);
    assert_true(feedback());
    assert_int_equal(arrival(n_got - 1), 60 * MS);
    assert_int_equal((uint16_t) (head.base_seq + n_got - 1), 20000);
    assert_false(feedback());
    twcc_packet(&t, 19000, 61 * MS); /* behind the window */
    assert_false(feedback());
}

static void test_needs_room(void **state)
{
    (void) state;
    uint8_t buf[TWCC_FEEDBACK_MAX - 1];
    struct wr w = wr_init(buf, sizeof(buf));

    twcc_packet(&t, 0, 0);
    assert_false(twcc_put_feedback(&t, &w, 1, 2));
    assert_false(w.failed);
    assert_true(feedback());
}

/* Through loss, disorder and several roll-overs: what is reported is what happened. */
static void test_long_run(void **state)
{
    (void) state;
    static uint64_t when[65536];
    uint64_t now = 0, reported = 0, sent = 0;

    srand(1);
    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t seq = i - (i > 3 && rand() % 10 == 0 ? (uint64_t) (rand() % 3) : 0);

        now += (uint64_t) (rand() % 4) * 250;
        if (rand() % 20 == 0 || (i > 0 && seq < i && when[seq & 0xffff]))
            continue;
        for (uint64_t ahead = 1; ahead < 600; ahead++)
            when[(i + ahead) & 0xffff] = 0;
        when[seq & 0xffff] = now + 1;
        twcc_packet(&t, (uint16_t) seq, now);
        sent++;
        if (twcc_deadline(&t) > now)
            continue;
        while (feedback()) {
            uint64_t at = (uint64_t) head.reference_time * 64000;

            for (size_t k = 0; k < n_got; k++) {
                assert_int_equal(got[k].received, when[got[k].seq] != 0);
                at += (uint64_t) got[k].delta_us;
                if (got[k].received)
                    assert_true(at == when[got[k].seq] - 1);
                reported += got[k].received;
            }
        }
    }
    assert_true(reported + 100 > sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing_to_report, setup),
        cmocka_unit_test_setup(test_arrivals_losses_and_order, setup),
        cmocka_unit_test_setup(test_late_packet_is_reported_again, setup),
        cmocka_unit_test_setup(test_loss_between_feedbacks, setup),
        cmocka_unit_test_setup(test_deadlines, setup),
        cmocka_unit_test_setup(test_long_gap_in_time, setup),
        cmocka_unit_test_setup(test_many_packets, setup),
        cmocka_unit_test_setup(test_long_losses, setup),
        cmocka_unit_test_setup(test_needs_room, setup),
        cmocka_unit_test_setup(test_long_run, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
