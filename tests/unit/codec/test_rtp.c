#include "codec/rtp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VIEW(...) bytes_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define HEADER(flags) (flags), 0xe0, 0x12, 0x34, 0, 0, 0x56, 0x78, 0xde, 0xad, 0xbe, 0xef

static struct rtp decoded(struct bytes packet)
{
    struct rtp p;

    assert_int_equal(rtp_decode(packet, &p), 0);
    return p;
}

static void test_header(void **state)
{
    (void) state;
    struct rtp p = decoded(VIEW(HEADER(0x82), 0, 0, 0, 1, 0, 0, 0, 2, 'a', 'b'));

    assert_true(p.marker);
    assert_int_equal(p.pt, 96);
    assert_int_equal(p.seq, 0x1234);
    assert_int_equal(p.ts, 0x5678);
    assert_int_equal(p.ssrc, 0xdeadbeef);
    assert_int_equal(p.n_csrc, 2);
    assert_int_equal(p.csrc.len, 8);
    assert_int_equal(p.csrc.p[7], 2);
    assert_int_equal(p.ext_profile, 0);
    assert_int_equal(p.header_len, 20);
    assert_true(bytes_eq_str(p.payload, "ab"));
    assert_int_equal(p.padding_len, 0);
}

static void test_padding(void **state)
{
    (void) state;
    struct rtp p = decoded(VIEW(HEADER(0xa0), 'a', 'b', 0, 0, 3));

    assert_true(bytes_eq_str(p.payload, "ab"));
    assert_int_equal(p.padding_len, 3);

    p = decoded(VIEW(HEADER(0xa0), 0, 2));
    assert_int_equal(p.payload.len, 0);
    assert_int_equal(p.padding_len, 2);
}

static void test_malformed_headers(void **state)
{
    (void) state;
    static const struct {
        uint8_t bytes[20];
        size_t len;
    } bad[] = {
        {{HEADER(0x80)}, 11},                      /* short */
        {{HEADER(0x40)}, 12},                      /* version 1 */
        {{HEADER(0x81), 0, 0, 0}, 15},             /* CSRC cut off */
        {{HEADER(0x90), 0xbe, 0xde, 0}, 15},       /* extension header cut off */
        {{HEADER(0x90), 0xbe, 0xde, 0, 1, 0}, 17}, /* extension cut off */
        {{HEADER(0xa0)}, 12},                      /* P without a count */
        {{HEADER(0xa0), 'a', 0}, 14},              /* padding of nothing */
        {{HEADER(0xa0), 'a', 3}, 14},              /* more padding than bytes */
    };
    struct rtp p;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(rtp_decode(bytes_of(bad[i].bytes, bad[i].len), &p), -EBADMSG);
    assert_int_equal(rtp_decode(bytes_of("", 0), &p), -EBADMSG);
}

static void test_rtp_or_rtcp(void **state)
{
    (void) state;

    assert_false(rtp_is_rtcp(VIEW(0x80)));
    assert_false(rtp_is_rtcp(VIEW(0x80, 0x80 | 63)));
    assert_true(rtp_is_rtcp(VIEW(0x80, 192)));
    assert_true(rtp_is_rtcp(VIEW(0x80, 200)));
    assert_true(rtp_is_rtcp(VIEW(0x80, 223)));
    assert_false(rtp_is_rtcp(VIEW(0x80, 0x80 | 96)));
    assert_false(rtp_is_rtcp(VIEW(0x80, 111)));
}

static void test_one_byte_extensions(void **state)
{
    (void) state;
    struct rtp p = decoded(
        VIEW(HEADER(0x90), 0xbe, 0xde, 0, 3, 0x10, 0xaa, 0, 0, 0x21, 1, 2, 0x3f, 0, 0, 0, 0, 'x'));
    struct rtp_ext e;
    size_t pos = 0;

    assert_int_equal(p.ext_profile, 0xbede);
    assert_int_equal(p.header_len, 28);
    assert_true(rtp_next_ext(&p, &pos, &e));
    assert_int_equal(e.id, 1);
    assert_true(bytes_eq(e.value, VIEW(0xaa)));
    assert_true(rtp_next_ext(&p, &pos, &e)); /* two bytes of padding between */
    assert_int_equal(e.id, 2);
    assert_true(bytes_eq(e.value, VIEW(1, 2)));
    assert_false(rtp_next_ext(&p, &pos, &e)); /* 16 bytes announced, 4 there */
    assert_true(bytes_eq(rtp_find_ext(&p, 2), VIEW(1, 2)));
    assert_null(rtp_find_ext(&p, 3).p);
    assert_null(rtp_find_ext(&p, 0).p);
}

static void test_one_byte_stops(void **state)
{
    (void) state;
    struct rtp p =
        decoded(VIEW(HEADER(0x90), 0xbe, 0xde, 0, 2, 0x10, 0xaa, 0xf0, 1, 0x20, 2, 0, 0));

    assert_non_null(rtp_find_ext(&p, 1).p);
    assert_null(rtp_find_ext(&p, 15).p);
    assert_null(rtp_find_ext(&p, 2).p); /* behind id 15 */

    p = decoded(VIEW(HEADER(0x90), 0xbe, 0xde, 0, 2, 0x10, 0xaa, 0x01, 1, 0x20, 2, 0, 0));
    assert_non_null(rtp_find_ext(&p, 1).p);
    assert_null(rtp_find_ext(&p, 2).p); /* behind id 0 with a length */

    p = decoded(VIEW(HEADER(0x90), 0xbe, 0xde, 0, 1, 0, 0, 0, 0));
    assert_null(rtp_find_ext(&p, 0).p);
    p = decoded(VIEW(HEADER(0x90), 0x12, 0x34, 0, 1, 0x10, 1, 0x10, 1));
    assert_null(rtp_find_ext(&p, 1).p); /* another profile */
}

static void test_two_byte_extensions(void **state)
{
    (void) state;
    struct rtp p =
        decoded(VIEW(HEADER(0x90), 0x10, 0x03, 0, 3, 15, 1, 7, 0, 0, 200, 0, 16, 2, 8, 9, 17));
    struct rtp_ext e;
    size_t pos = 0;

    assert_true(rtp_next_ext(&p, &pos, &e));
    assert_int_equal(e.id, 15);
    assert_true(bytes_eq(e.value, VIEW(7)));
    assert_true(rtp_next_ext(&p, &pos, &e));
    assert_int_equal(e.id, 200);
    assert_int_equal(e.value.len, 0);
    assert_non_null(e.value.p);
    assert_true(rtp_next_ext(&p, &pos, &e));
    assert_int_equal(e.id, 16);
    assert_false(rtp_next_ext(&p, &pos, &e)); /* an id without a length */
}

static size_t put(uint8_t *buf, size_t cap, const struct rtp *h, const struct rtp_ext *exts,
                  size_t n, bool padding)
{
    struct wr w = wr_init(buf, cap);
    size_t len = 0;

    rtp_put_header(&w, h, exts, n, padding);
    return wr_finish(&w, &len) < 0 ? 0 : len;
}

static void test_put_header(void **state)
{
    (void) state;
    static const uint8_t csrc[] = {0, 0, 0, 9};
    struct rtp h = {.marker = true,
                    .pt = 111,
                    .seq = 65535,
                    .ts = 0xffffffff,
                    .ssrc = 0x80000001,
                    .n_csrc = 1,
                    .csrc = {csrc, 4}};
    struct rtp_ext exts[] = {{1, bytes_str("a")}, {14, bytes_str("0123456789abcdef")}};
    uint8_t buf[64];
    size_t len = put(buf, sizeof(buf), &h, exts, 2, false);
    struct rtp p = decoded(bytes_of(buf, len));

    assert_int_equal(len, 12 + 4 + 4 + 20);
    assert_true(p.marker);
    assert_int_equal(p.pt, 111);
    assert_int_equal(p.seq, 65535);
    assert_int_equal(p.ts, 0xffffffff);
    assert_int_equal(p.ssrc, 0x80000001);
    assert_true(bytes_eq(p.csrc, h.csrc));
    assert_int_equal(p.ext_profile, 0xbede);
    assert_true(bytes_eq_str(rtp_find_ext(&p, 1), "a"));
    assert_true(bytes_eq_str(rtp_find_ext(&p, 14), "0123456789abcdef"));
    assert_int_equal(p.payload.len, 0);

    assert_int_equal(put(buf, sizeof(buf), &h, NULL, 0, true), 16);
    assert_int_equal(buf[0], 0xa1);
    for (size_t cap = 0; cap < len; cap++)
        assert_int_equal(put(buf, cap, &h, exts, 2, false), 0);
}

static void test_put_chooses_form(void **state)
{
    (void) state;
    struct rtp h = {.pt = 96};
    uint8_t buf[600];
    struct rtp p;
    const struct rtp_ext two_byte[] = {
        {15, bytes_str("x")}, {3, bytes_str("")}, {4, bytes_of(buf + 300, 255)}};

    memset(buf, 'z', sizeof(buf));
    for (size_t i = 0; i < 3; i++) {
        size_t len = put(buf, 300, &h, &two_byte[i], 1, false);

        p = decoded(bytes_of(buf, len));
        assert_int_equal(p.ext_profile, 0x1000);
        assert_true(bytes_eq(rtp_find_ext(&p, two_byte[i].id), two_byte[i].value));
    }
    assert_int_equal(put(buf, 300, &h, &(struct rtp_ext){0, bytes_str("x")}, 1, false), 0);
    assert_int_equal(put(buf, 300, &h, &(struct rtp_ext){1, bytes_of(buf + 300, 256)}, 1, false),
                     0);
    h.n_csrc = 1;
    assert_int_equal(put(buf, 300, &h, NULL, 0, false), 0);
}

static void test_sequences(void **state)
{
    (void) state;

    assert_true(rtp_seq_newer(1, 0));
    assert_true(rtp_seq_newer(0, 65535));
    assert_false(rtp_seq_newer(65535, 0));
    assert_false(rtp_seq_newer(7, 7));
    assert_int_equal(rtp_seq_extend(0x1ffff, 0), 0x20000);
    assert_int_equal(rtp_seq_extend(0x20000, 0xffff), 0x1ffff);
    assert_int_equal(rtp_seq_extend(0x20005, 5), 0x20005);
    assert_int_equal(rtp_seq_extend(0x20000, 0x7fff), 0x27fff);
    assert_int_equal(rtp_seq_extend(0x20000, 0x8000), 0x18000);
    assert_int_equal(rtp_seq_extend(5, 0xffff), 0xffff); /* nothing below 0 */
}

static void test_vp8_key_frames(void **state)
{
    (void) state;

    assert_true(rtp_starts_key_frame(RTP_CODEC_VP8, VIEW(0x10, 0x00)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP8, VIEW(0x10, 0x01))); /* predicted */
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP8, VIEW(0x00, 0x00))); /* not the start */
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP8, VIEW(0x11, 0x00))); /* second partition */
    assert_true(rtp_starts_key_frame(RTP_CODEC_VP8, VIEW(0x90, 0x80, 0x7f, 0x10)));
    assert_true(rtp_starts_key_frame(RTP_CODEC_VP8, VIEW(0x90, 0x80, 0x81, 0x01, 0x10)));
    assert_true(rtp_starts_key_frame(RTP_CODEC_VP8, VIEW(0x90, 0xf0, 0x81, 1, 1, 1, 0x10)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP8, VIEW(0x90, 0xf0, 0x81, 1, 1, 1)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP8, VIEW(0x10)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP8, bytes_of("", 0)));
}

static void test_vp9_key_frames(void **state)
{
    (void) state;

    assert_true(rtp_starts_key_frame(RTP_CODEC_VP9, VIEW(0x08, 0x82)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP9, VIEW(0x48, 0x82))); /* predicted */
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP9, VIEW(0x00, 0x82))); /* not the start */
    assert_true(rtp_starts_key_frame(RTP_CODEC_VP9, VIEW(0xa8, 0x81, 2, 0x00, 0, 0x82)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP9, VIEW(0xa8, 0x81, 2, 0x02, 0, 0x82)));
    assert_true(rtp_starts_key_frame(RTP_CODEC_VP9, VIEW(0xb8, 0x01, 0x00, 0x82))); /* flexible */
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP9, VIEW(0xa8, 0x81, 2, 0x00, 0)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_VP9, VIEW(0x08)));
}

static void test_h264_key_frames(void **state)
{
    (void) state;

    assert_true(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x65, 0)));
    assert_true(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x67, 0)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x41, 0)));
    assert_true(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x78, 0, 1, 0x67, 0, 2, 0x68, 1)));
    assert_true(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x78, 0, 1, 0x09, 0, 2, 0x65, 1)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x78, 0, 1, 0x41)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x78, 0, 9, 0x67)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x78, 0, 0, 0, 1, 0x67)));
    assert_true(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x7c, 0x85)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x7c, 0x05))); /* a later fragment */
    assert_false(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x7c, 0x81)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_H264, VIEW(0x7c)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_OPUS, VIEW(0x65, 0)));
    assert_false(rtp_starts_key_frame(RTP_CODEC_OTHER, VIEW(0x10, 0)));
}

static void test_red(void **state)
{
    (void) state;
    /* two bytes of redundant Opus, then the primary */
    assert_true(bytes_eq(rtp_red_primary(VIEW(0xef, 0x0f, 0x00, 0x02, 0x6f, 1, 2, 3, 4, 5)),
                         VIEW(3, 4, 5)));
    assert_true(
        bytes_eq(rtp_red_primary(VIEW(0xef, 0, 0, 1, 0xef, 0, 0, 1, 0x6f, 1, 2, 3)), VIEW(3)));
    assert_true(bytes_eq(rtp_red_primary(VIEW(0x6f, 9)), VIEW(9)));
    assert_int_equal(rtp_red_primary(VIEW(0x6f)).len, 0);
    assert_int_equal(rtp_red_primary(VIEW(0xef, 0, 0)).len, 0);
    assert_int_equal(rtp_red_primary(VIEW(0xef, 0, 0, 9, 0x6f, 1, 2)).len, 0);
    assert_int_equal(rtp_red_primary(bytes_of(NULL, 0)).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_malformed_headers),
        cmocka_unit_test(test_rtp_or_rtcp),
        cmocka_unit_test(test_one_byte_extensions),
        cmocka_unit_test(test_one_byte_stops),
        cmocka_unit_test(test_two_byte_extensions),
        cmocka_unit_test(test_put_header),
        cmocka_unit_test(test_put_chooses_form),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_vp8_key_frames),
        cmocka_unit_test(test_vp9_key_frames),
        cmocka_unit_test(test_h264_key_frames),
        cmocka_unit_test(test_red),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
