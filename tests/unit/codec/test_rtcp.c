#include "codec/rtcp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VIEW(...) bytes_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* The only packet of b. */
static struct rtcp only(struct bytes b)
{
    struct rd r = rd_init(b);
    struct rtcp p = {.type = 0}, other;

    assert_true(rtcp_next(&r, &p));
    assert_false(rtcp_next(&r, &other));
    assert_false(r.failed);
    return p;
}

static void assert_malformed(struct bytes b)
{
    struct rd r = rd_init(b);
    struct rtcp p;

    while (rtcp_next(&r, &p))
        ;
    assert_true(r.failed);
}

static struct bytes written(const struct wr *w)
{
    size_t len = 0;

    assert_int_equal(wr_finish(w, &len), 0);
    assert_int_equal(len % 4, 0);
    return bytes_of(w->start, len);
}

static const struct rtcp_report_block blocks[] = {
    {.ssrc = 0xaabbccdd,
     .fraction_lost = 25,
     .lost = -3,
     .highest_seq = 0x10002,
     .jitter = 7,
     .lsr = 0x11223344,
     .dlsr = 0x10000},
    {.ssrc = 2, .fraction_lost = 255, .lost = 0x7fffff, .highest_seq = 9},
};

static void assert_same_block(const struct rtcp_report_block *a, const struct rtcp_report_block *b)
{
    assert_int_equal(a->ssrc, b->ssrc);
    assert_int_equal(a->fraction_lost, b->fraction_lost);
    assert_int_equal(a->lost, b->lost);
    assert_int_equal(a->highest_seq, b->highest_seq);
    assert_int_equal(a->jitter, b->jitter);
    assert_int_equal(a->lsr, b->lsr);
    assert_int_equal(a->dlsr, b->dlsr);
}

static void test_compound_round_trip(void **state)
{
    (void) state;
    struct rtcp_sender_info info = {0xe000000080000000u, 5, 6, 7}, got;
    struct rtcp_report_block b;
    uint8_t buf[256];
    struct wr w = wr_init(buf, sizeof(buf));
    struct rtcp p;
    struct rd r;

    rtcp_put_sr(&w, 0x1234, &info, blocks, 2);
    rtcp_put_sdes_cname(&w, 0x1234, bytes_str("name"));
    rtcp_put_rr(&w, 9, blocks, 1);
    r = rd_init(written(&w));

    assert_true(rtcp_next(&r, &p));
    assert_int_equal(p.type, RTCP_SR);
    assert_int_equal(p.count, 2);
    assert_int_equal(p.ssrc, 0x1234);
    assert_int_equal(rtcp_sender_info(&p, &got), 0);
    assert_true(got.ntp == info.ntp);
    assert_int_equal(got.rtp_ts, 5);
    assert_int_equal(got.packets, 6);
    assert_int_equal(got.octets, 7);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(rtcp_report_block(&p, i, &b));
        assert_same_block(&b, &blocks[i]);
    }
    assert_false(rtcp_report_block(&p, 2, &b));

    assert_true(rtcp_next(&r, &p));
    assert_int_equal(p.type, RTCP_SDES);
    assert_int_equal(p.ssrc, 0x1234);
    assert_true(bytes_eq_str(rtcp_sdes_cname(&p), "name"));
    assert_int_equal(rtcp_sender_info(&p, &got), -EBADMSG);

    assert_true(rtcp_next(&r, &p));
    assert_int_equal(p.type, RTCP_RR);
    assert_int_equal(p.ssrc, 9);
    assert_true(rtcp_report_block(&p, 0, &b));
    assert_same_block(&b, &blocks[0]);
    assert_false(rtcp_report_block(&p, 1, &b));
    assert_false(rtcp_next(&r, &p));
    assert_false(r.failed);
}

static void test_report_bytes(void **state)
{
    (void) state;
    uint8_t buf[64];
    struct wr w = wr_init(buf, sizeof(buf));

    rtcp_put_rr(&w, 0x01020304, blocks, 1);
    assert_true(bytes_eq(written(&w),
                         VIEW(0x81, 201, 0, 7, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc, 0xdd, 25, 0xff, 0xff,
                              0xfd, 0, 1, 0, 2, 0, 0, 0, 7, 0x11, 0x22, 0x33, 0x44, 0, 1, 0, 0)));
}

static void test_lost_is_clamped(void **state)
{
    (void) state;
    const struct rtcp_report_block out[] = {{.lost = INT32_MAX}, {.lost = INT32_MIN}};
    struct rtcp_report_block b;
    uint8_t buf[64];
    struct wr w = wr_init(buf, sizeof(buf));
    struct rtcp p;

    rtcp_put_rr(&w, 1, out, 2);
    p = only(written(&w));
    assert_true(rtcp_report_block(&p, 0, &b));
    assert_int_equal(b.lost, 0x7fffff);
    assert_true(rtcp_report_block(&p, 1, &b));
    assert_int_equal(b.lost, -0x800000);
}

static void test_malformed(void **state)
{
    (void) state;

    assert_malformed(VIEW(0x80, 201, 0));                      /* header cut */
    assert_malformed(VIEW(0x80, 201, 0, 1));                   /* body cut */
    assert_malformed(VIEW(0x40, 201, 0, 1, 0, 0, 0, 1));       /* version 1 */
    assert_malformed(VIEW(0x81, 201, 0, 1, 0, 0, 0, 1));       /* no block */
    assert_malformed(VIEW(0x80, 200, 0, 1, 0, 0, 0, 1));       /* no sender info */
    assert_malformed(VIEW(0x81, 206, 0, 1, 0, 0, 0, 1));       /* one SSRC */
    assert_malformed(VIEW(0x82, 203, 0, 1, 0, 0, 0, 1));       /* one of two */
    assert_malformed(VIEW(0xa0, 201, 0, 0));                   /* no padding count */
    assert_malformed(VIEW(0xa0, 201, 0, 1, 0, 0, 0, 0));       /* padding of 0 */
    assert_malformed(VIEW(0xa0, 204, 0, 1, 0, 0, 0, 5));       /* padding of 5 in 4 */
    assert_malformed(VIEW(0xa0, 201, 0, 1, 0, 0, 0, 4));       /* eats the SSRC */
    assert_malformed(VIEW(0x80, 201, 0, 1, 0, 0, 0, 1, 0x80)); /* second one cut */
}

static void test_padding_and_unknown_types(void **state)
{
    (void) state;
    struct rtcp p = only(VIEW(0xa1, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4));

    assert_int_equal(p.ssrc, 1);
    assert_int_equal(p.media_ssrc, 2);
    assert_int_equal(p.body.len, 0);

    p = only(VIEW(0x80, 210, 0, 0));
    assert_int_equal(p.type, 210);
    assert_int_equal(p.ssrc, 0);
    p = only(VIEW(0x80, RTCP_APP, 0, 2, 0, 0, 0, 3, 'n', 'a', 'm', 'e'));
    assert_int_equal(p.ssrc, 3);
    assert_int_equal(p.body.len, 8);
}

static void test_empty_compound(void **state)
{
    (void) state;
    struct rd r = rd_init(bytes_of("", 0));
    struct rtcp p;

    assert_false(rtcp_next(&r, &p));
    assert_false(r.failed);
}

static void test_nack_expansion(void **state)
{
    (void) state;
    struct rtcp p =
        only(VIEW(0x81, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xfe, 0x80, 0x05, 0, 100, 0, 0));
    static const uint16_t want[] = {65534, 65535, 1, 14, 100};
    size_t pos = 0;
    uint16_t seq;

    for (size_t i = 0; i < 5; i++) {
        assert_true(rtcp_next_nack(&p, &pos, &seq));
        assert_int_equal(seq, want[i]);
    }
    assert_false(rtcp_next_nack(&p, &pos, &seq));
    p.count = RTCP_FMT_TWCC;
    pos = 0;
    assert_false(rtcp_next_nack(&p, &pos, &seq));
}

static void test_nack_writing(void **state)
{
    (void) state;
    static const uint16_t seqs[] = {65530, 65531, 10, 11, 27, 28, 1000};
    uint8_t buf[64];
    struct wr w = wr_init(buf, sizeof(buf));
    struct rtcp p;
    size_t pos = 0;
    uint16_t seq;

    rtcp_put_nack(&w, 1, 2, seqs, 7);
    p = only(written(&w));
    assert_int_equal(p.ssrc, 1);
    assert_int_equal(p.media_ssrc, 2);
    assert_true(
        bytes_eq(p.body, VIEW(0xff, 0xfa, 0x80, 0x01, 0, 11, 0x80, 0, 0, 28, 0, 0, 3, 232, 0, 0)));
    for (size_t i = 0; i < 7; i++) {
        assert_true(rtcp_next_nack(&p, &pos, &seq));
        assert_int_equal(seq, seqs[i]);
    }
    assert_false(rtcp_next_nack(&p, &pos, &seq));
}

static void test_pli_and_fir(void **state)
{
    (void) state;
    uint8_t buf[64];
    struct wr w = wr_init(buf, sizeof(buf));
    struct rtcp p;
    uint32_t ssrc;
    uint8_t nr;
    size_t pos = 0;

    rtcp_put_pli(&w, 1, 2);
    assert_true(bytes_eq(written(&w), VIEW(0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2)));

    w = wr_init(buf, sizeof(buf));
    rtcp_put_fir(&w, 1, 2, 200);
    assert_true(bytes_eq(written(&w),
                         VIEW(0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 200, 0, 0, 0)));
    p = only(written(&w));
    assert_true(rtcp_next_fir(&p, &pos, &ssrc, &nr));
    assert_int_equal(ssrc, 2);
    assert_int_equal(nr, 200);
    assert_false(rtcp_next_fir(&p, &pos, &ssrc, &nr));
}

static void test_clock_and_its_echo(void **state)
{
    (void) state;
    static const struct rtcp_dlrr echo = {.ssrc = 2, .lrr = 0x01020304, .dlrr = 5};
    uint8_t buf[64];
    struct wr w = wr_init(buf, sizeof(buf));
    struct rtcp_dlrr got;
    struct rtcp p;
    size_t pos = 0;
    uint64_t ntp;

    rtcp_put_rrtr(&w, 1, UINT64_C(0x1122334455667788));
    p = only(written(&w));
    assert_int_equal(p.type, RTCP_XR);
    assert_int_equal(p.ssrc, 1);
    assert_true(bytes_eq(
        p.body, VIEW(0, 0, 0, 1, 4, 0, 0, 2, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88)));
    assert_int_equal(rtcp_xr_rrtr(&p, &ntp), 0);
    assert_true(ntp == UINT64_C(0x1122334455667788));
    assert_false(rtcp_next_dlrr(&p, &pos, &got));

    w = wr_init(buf, sizeof(buf));
    rtcp_put_dlrr(&w, 1, &echo);
    p = only(written(&w));
    assert_true(bytes_eq(p.body, VIEW(0, 0, 0, 1, 5, 0, 0, 3, 0, 0, 0, 2, 1, 2, 3, 4, 0, 0, 0, 5)));
    assert_true(rtcp_next_dlrr(&p, &pos, &got));
    assert_memory_equal(&got, &echo, sizeof(echo));
    assert_false(rtcp_next_dlrr(&p, &pos, &got));
    assert_int_equal(rtcp_xr_rrtr(&p, &ntp), -ENOENT);
}

/* Two echoes in one block, another block before, half an echo and half a block behind. */
static void test_odd_blocks(void **state)
{
    (void) state;
    static const uint8_t xr[] = {
        0x80, 207, 0, 17, 0, 0, 0, 1, 4, 0, 0, 1, 9, 9, 9, 9, /* a clock of half the size */
        5,    0,   0, 6,  0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7,
        5,    0,   0, 2,  8, 8, 8, 8, 8, 8, 8, 8, 4, 0, 0, 9, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
    struct rtcp_dlrr got;
    struct rtcp p;
    size_t pos = 0;
    uint64_t ntp;

    p = only(bytes_of(xr, sizeof(xr)));
    assert_true(rtcp_next_dlrr(&p, &pos, &got));
    assert_int_equal(got.ssrc, 2);
    assert_true(rtcp_next_dlrr(&p, &pos, &got));
    assert_int_equal(got.ssrc, 5);
    assert_int_equal(got.dlrr, 7);
    assert_false(rtcp_next_dlrr(&p, &pos, &got));
    assert_int_equal(rtcp_xr_rrtr(&p, &ntp), -ENOENT);
    p.type = RTCP_RR;
    pos = 0;
    assert_false(rtcp_next_dlrr(&p, &pos, &got));
}

static void test_bye(void **state)
{
    (void) state;
    struct rtcp p = only(VIEW(0x82, 203, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 2, 'o', 'k', 0));
    uint8_t buf[16];
    struct wr w = wr_init(buf, sizeof(buf));
    uint32_t ssrc;
    size_t pos = 0;

    assert_true(rtcp_next_bye(&p, &pos, &ssrc));
    assert_int_equal(ssrc, 1);
    assert_true(rtcp_next_bye(&p, &pos, &ssrc));
    assert_int_equal(ssrc, 2);
    assert_false(rtcp_next_bye(&p, &pos, &ssrc));

    p = only(VIEW(0x80, 203, 0, 0));
    pos = 0;
    assert_false(rtcp_next_bye(&p, &pos, &ssrc));
    assert_int_equal(p.ssrc, 0);

    rtcp_put_bye(&w, 5);
    assert_true(bytes_eq(written(&w), VIEW(0x81, 203, 0, 1, 0, 0, 0, 5)));
}

static void test_remb(void **state)
{
    (void) state;
    static const uint32_t ssrcs[] = {7, 8};
    static const uint64_t exact[] = {0, 1, 0x3ffff, 0x40000, UINT64_C(0x3ffff) << 46};
    uint8_t buf[64];
    uint64_t bps;
    uint32_t ssrc;
    size_t pos = 0;

    for (size_t i = 0; i < 5; i++) {
        struct wr w = wr_init(buf, sizeof(buf));
        struct rtcp p;

        rtcp_put_remb(&w, 1, exact[i], ssrcs, 2);
        p = only(written(&w));
        assert_int_equal(rtcp_remb(&p, &bps), 0);
        assert_true(bps == exact[i]);
        pos = 0;
        assert_true(rtcp_next_remb_ssrc(&p, &pos, &ssrc));
        assert_int_equal(ssrc, 7);
        assert_true(rtcp_next_remb_ssrc(&p, &pos, &ssrc));
        assert_int_equal(ssrc, 8);
        assert_false(rtcp_next_remb_ssrc(&p, &pos, &ssrc));
    }
}

static void test_remb_malformed(void **state)
{
    (void) state;
    struct rtcp p = {.type = RTCP_PSFB, .count = RTCP_FMT_AFB};
    uint64_t bps = 77;

    p.body = VIEW('R', 'E', 'M', 'B', 1, 0xbf, 0xff, 0xff, 0, 0, 0, 1); /* exponent 47 */
    assert_int_equal(rtcp_remb(&p, &bps), -EBADMSG);
    p.body = VIEW('R', 'E', 'M', 'B', 2, 0, 0, 1, 0, 0, 0, 1);
    assert_int_equal(rtcp_remb(&p, &bps), -EBADMSG);
    p.body = VIEW('R', 'E', 'M', 'C', 0, 0, 0, 1);
    assert_int_equal(rtcp_remb(&p, &bps), -EBADMSG);
    p.body = VIEW('R', 'E');
    assert_int_equal(rtcp_remb(&p, &bps), -EBADMSG);
    assert_int_equal(bps, 77);
}

static void test_sdes(void **state)
{
    (void) state;
    struct rtcp p =
        only(VIEW(0x81, 202, 0, 4, 0, 0, 0, 1, 2, 1, 'x', 1, 3, 'a', '@', 'b', 0, 0, 0, 0));
    uint8_t buf[300];

    assert_true(bytes_eq_str(rtcp_sdes_cname(&p), "a@b"));
    p = only(VIEW(0x81, 202, 0, 2, 0, 0, 0, 1, 2, 1, 'x', 0));
    assert_null(rtcp_sdes_cname(&p).p);
    p = only(VIEW(0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 'x', 0)); /* longer than the packet */
    assert_null(rtcp_sdes_cname(&p).p);
    p = only(VIEW(0x80, 202, 0, 0));
    assert_null(rtcp_sdes_cname(&p).p);

    for (size_t len = 0; len < 9; len++) {
        struct wr w = wr_init(buf, sizeof(buf));

        rtcp_put_sdes_cname(&w, 1, bytes_of("abcdefghi", len));
        p = only(written(&w));
        assert_int_equal(rtcp_sdes_cname(&p).len, len);
        assert_int_equal(p.body.p[p.body.len - 1], 0);
    }
}

static void test_writer_limits(void **state)
{
    (void) state;
    static const struct rtcp_report_block many[32];
    static const uint32_t ssrcs[256];
    uint8_t buf[2048];
    char name[256];
    size_t len;
    struct wr w = wr_init(buf, sizeof(buf));

    rtcp_put_rr(&w, 1, many, 32);
    assert_int_equal(wr_finish(&w, &len), -ENOSPC);
    w = wr_init(buf, sizeof(buf));
    rtcp_put_remb(&w, 1, 1, ssrcs, 256);
    assert_int_equal(wr_finish(&w, &len), -ENOSPC);
    memset(name, 'x', sizeof(name));
    w = wr_init(buf, sizeof(buf));
    rtcp_put_sdes_cname(&w, 1, bytes_of(name, 256));
    assert_int_equal(wr_finish(&w, &len), -ENOSPC);
    for (size_t cap = 0; cap < 32; cap++) {
        w = wr_init(buf, cap);
        rtcp_put_rr(&w, 1, many, 1);
        assert_int_equal(wr_finish(&w, &len), -ENOSPC);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compound_round_trip),
        cmocka_unit_test(test_report_bytes),
        cmocka_unit_test(test_lost_is_clamped),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_padding_and_unknown_types),
        cmocka_unit_test(test_empty_compound),
        cmocka_unit_test(test_nack_expansion),
        cmocka_unit_test(test_nack_writing),
        cmocka_unit_test(test_pli_and_fir),
        cmocka_unit_test(test_clock_and_its_echo),
        cmocka_unit_test(test_odd_blocks),
        cmocka_unit_test(test_bye),
        cmocka_unit_test(test_remb),
        cmocka_unit_test(test_remb_malformed),
        cmocka_unit_test(test_sdes),
        cmocka_unit_test(test_writer_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
