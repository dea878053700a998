#include "codec/rtcp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VIEW(...) bytes_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define MAX 9000

static struct rtcp_twcc_packet out[MAX];

static int decode(struct bytes body, struct rtcp_twcc *head, size_t *ret_n)
{
    struct rtcp p = {.type = RTCP_RTPFB, .count = RTCP_FMT_TWCC, .body = body};

    return rtcp_twcc_decode(&p, head, out, MAX, ret_n);
}

static void test_run_length(void **state)
{
    (void) state;
    /* Two received with small deltas, three lost; the reference time is negative. */
    struct bytes body = VIEW(0xff, 0xff, 0, 5, 0xff, 0xff, 0xfe, 9, 0x20, 2, 0x00, 3, 4, 255);
    struct rtcp_twcc head;
    size_t n;

    assert_int_equal(decode(body, &head, &n), 0);
    assert_int_equal(n, 5);
    assert_int_equal(head.base_seq, 65535);
    assert_int_equal(head.n_packets, 5);
    assert_int_equal(head.reference_time, -2);
    assert_int_equal(head.feedback_count, 9);
    assert_int_equal(out[0].seq, 65535);
    assert_true(out[0].received);
    assert_int_equal(out[0].delta_us, 1000);
    assert_int_equal(out[1].seq, 0);
    assert_int_equal(out[1].delta_us, 63750);
    assert_false(out[2].received);
    assert_int_equal(out[4].seq, 3);
    assert_false(out[4].received);
    assert_int_equal(out[4].delta_us, 0);
}

static void test_one_bit_vector(void **state)
{
    (void) state;
    /* 1 0 1 and eleven unused symbols. */
    struct rtcp_twcc head;
    size_t n;

    assert_int_equal(decode(VIEW(0, 1, 0, 3, 0, 0, 1, 0, 0xa8, 0x00, 1, 2), &head, &n), 0);
    assert_int_equal(n, 3);
    assert_true(out[0].received && !out[1].received && out[2].received);
    assert_int_equal(out[2].delta_us, 500);
}

static void test_two_bit_vector(void **state)
{
    (void) state;
    /* small, large (negative), lost, large (positive), three unused: 01 10 00 10 000000 */
    struct bytes body =
        VIEW(0, 1, 0, 4, 0x7f, 0xff, 0xff, 0, 0xd8, 0x80, 8, 0xff, 0xfc, 0x7f, 0xff, 0, 0, 3);
    struct rtcp_twcc head;
    size_t n;

    assert_int_equal(decode(body, &head, &n), 0);
    assert_int_equal(n, 4);
    assert_int_equal(head.reference_time, 0x7fffff);
    assert_int_equal(out[0].delta_us, 2000);
    assert_int_equal(out[1].delta_us, -1000);
    assert_false(out[2].received);
    assert_int_equal(out[3].delta_us, 32767 * 250);
}

static void test_malformed(void **state)
{
    (void) state;
    struct rtcp_twcc head;
    struct rtcp p = {.type = RTCP_RTPFB, .count = RTCP_FMT_TWCC};
    size_t n = 77;

    assert_int_equal(decode(VIEW(0, 1, 0, 1, 0, 0, 0), &head, &n), -EBADMSG);    /* short */
    assert_int_equal(decode(VIEW(0, 1, 0, 0, 0, 0, 0, 0), &head, &n), -EBADMSG); /* none */
    assert_int_equal(decode(VIEW(0, 1, 0, 2, 0, 0, 0, 0, 0x20, 1, 0), &head, &n), -EBADMSG);
    assert_int_equal(decode(VIEW(0, 1, 0, 1, 0, 0, 0, 0, 0x20, 1), &head, &n),
                     -EBADMSG); /* delta */
    assert_int_equal(decode(VIEW(0, 1, 0, 1, 0, 0, 0, 0, 0x40, 1, 0), &head, &n), -EBADMSG);
    assert_int_equal(decode(VIEW(0, 1, 0, 1, 0, 0, 0, 0, 0x60, 1, 0), &head, &n), -EBADMSG);
    p.body = VIEW(0, 1, 0, 3, 0, 0, 0, 0, 0x00, 3);
    assert_int_equal(rtcp_twcc_decode(&p, &head, out, 2, &n), -ENOSPC);
    p.count = RTCP_FMT_NACK;
    assert_int_equal(rtcp_twcc_decode(&p, &head, out, 9, &n), -EBADMSG);
    assert_int_equal(n, 77);
}

static struct rtcp_twcc_packet in[MAX];

/* Writes packets 0 … n - 1 of in, reads them back, and gives the number of bytes of the body. */
static size_t round_trip(uint16_t base, size_t n)
{
    static uint8_t buf[32768];
    struct wr w = wr_init(buf, sizeof(buf));
    struct rtcp_twcc head = {.base_seq = base, .reference_time = -5, .feedback_count = 3}, got;
    struct rtcp p;
    struct rd r;
    size_t got_n = 0, len = 0;

    for (size_t i = 0; i < n; i++)
        in[i].seq = (uint16_t) (base + i);
    rtcp_put_twcc(&w, 1, 2, &head, in, n);
    assert_int_equal(wr_finish(&w, &len), 0);
    assert_int_equal(len % 4, 0);
    r = rd_init(bytes_of(buf, len));
    assert_true(rtcp_next(&r, &p));
    assert_int_equal(p.media_ssrc, 2);
    assert_int_equal(rtcp_twcc_decode(&p, &got, out, MAX, &got_n), 0);
    assert_int_equal(got.base_seq, base);
    assert_int_equal(got.reference_time, -5);
    assert_int_equal(got.feedback_count, 3);
    assert_int_equal(got_n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(out[i].seq, in[i].seq);
        assert_int_equal(out[i].received, in[i].received);
        assert_int_equal(out[i].delta_us, in[i].delta_us);
    }
    return p.body.len;
}

static void test_writing_chooses_chunks(void **state)
{
    (void) state;

    for (size_t i = 0; i < MAX; i++)
        in[i] = (struct rtcp_twcc_packet){.received = true, .delta_us = 250};
    assert_int_equal(round_trip(65530, 20), 8 + 2 + 20);
    assert_int_equal(round_trip(0, 8191), 8 + 2 + 8191);
    assert_int_equal(round_trip(0, 8192), 8 + 4 + 8192);

    in[3] = (struct rtcp_twcc_packet){.received = false};
    assert_int_equal(round_trip(1, 14), 8 + 2 + 13); /* one bit each */
    in[5].delta_us = -250;
    assert_int_equal(round_trip(1, 7), 8 + 2 + 5 + 2); /* two bits each */
}

static void test_deltas_at_the_edges(void **state)
{
    (void) state;
    static const int32_t deltas[] = {0, 255, 256, -1, 32767, -32768, 0, 1, 300, 2, 3, 4, 5};

    for (size_t i = 0; i < 13; i++)
        in[i] = (struct rtcp_twcc_packet){.received = true, .delta_us = deltas[i] * 250};
    for (size_t n = 1; n <= 13; n++)
        round_trip(65535, n);
}

/* Every pattern of the three symbols over nine packets, with something behind it. */
static void test_all_patterns(void **state)
{
    (void) state;

    for (unsigned pattern = 0; pattern < 19683; pattern++) {
        unsigned rest = pattern;

        for (size_t i = 0; i < 16; i++, rest = i == 9 ? pattern : rest / 3) {
            in[i].received = rest % 3 != 0;
            in[i].delta_us = rest % 3 == 0 ? 0 : rest % 3 == 1 ? 1000 : -1000;
        }
        round_trip((uint16_t) pattern, 9 + pattern % 8);
    }
}

static void test_writer_limits(void **state)
{
    (void) state;
    static uint8_t buf[64];
    struct rtcp_twcc head = {.base_seq = 0};
    struct rtcp_twcc_packet p = {.received = true, .delta_us = 32768 * 250};
    size_t len;
    struct wr w = wr_init(buf, sizeof(buf));

    rtcp_put_twcc(&w, 1, 2, &head, &p, 1);
    assert_int_equal(wr_finish(&w, &len), -ENOSPC);
    w = wr_init(buf, sizeof(buf));
    rtcp_put_twcc(&w, 1, 2, &head, &p, 0);
    assert_int_equal(wr_finish(&w, &len), -ENOSPC);
    p.delta_us = 0;
    for (size_t cap = 0; cap < 24; cap++) {
        w = wr_init(buf, cap);
        rtcp_put_twcc(&w, 1, 2, &head, &p, 1);
        assert_int_equal(wr_finish(&w, &len), -ENOSPC);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_length),
        cmocka_unit_test(test_one_bit_vector),
        cmocka_unit_test(test_two_bit_vector),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_writing_chooses_chunks),
        cmocka_unit_test(test_deltas_at_the_edges),
        cmocka_unit_test(test_all_patterns),
        cmocka_unit_test(test_writer_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
