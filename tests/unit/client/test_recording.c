#include "client/recording.h"

#include "base/buf.h"
#include "codec/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void put_little(struct wr *w, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        wr_u8(w, (uint8_t) (v >> (8 * i)));
}

static void put_ivf(struct wr *w, const char *codec)
{
    wr_str(w, "DKIF");
    put_little(w, 0, 2);
    put_little(w, 32, 2);
    wr_str(w, codec);
    put_little(w, 640, 2);
    put_little(w, 480, 2);
    put_little(w, 30, 4); /* per second */
    put_little(w, 1, 4);
    put_little(w, 0, 8);
}

static void put_picture(struct wr *w, uint64_t time, const char *text)
{
    put_little(w, strlen(text), 4);
    put_little(w, time, 8);
    wr_str(w, text);
}

static void put_packet(struct wr *w, uint32_t at_ms, uint16_t seq, uint32_t ts, uint32_t ssrc,
                       const char *text)
{
    struct rtp h = {.marker = seq % 2, .pt = 96, .seq = seq, .ts = ts, .ssrc = ssrc};
    size_t len = RTP_HEADER_SIZE + strlen(text);

    wr_u16(w, (uint16_t) (8 + len));
    wr_u16(w, (uint16_t) len);
    wr_u32(w, at_ms);
    rtp_put_header(w, &h, NULL, 0, false);
    wr_str(w, text);
}

static void reads_ivf(void **state)
{
    uint8_t file[512];
    struct wr w = wr_init(file, sizeof(file));
    struct recording *r;
    struct recorded one;

    (void) state;
    put_ivf(&w, "VP80");
    put_picture(&w, 30, "first");
    put_picture(&w, 45, "second");
    assert_int_equal(recording_parse(bytes_of(file, wr_len(&w)), &r), 0);
    for (unsigned round = 0; round < 2; round++) { /* it begins anew */
        assert_true(recording_next(r, &one));
        assert_true(bytes_eq_str(one.data, "first"));
        assert_true(one.at_us == 0);
        assert_false(one.is_packet);
        assert_true(recording_next(r, &one));
        assert_true(bytes_eq_str(one.data, "second"));
        assert_true(one.at_us == 500000);
        assert_false(recording_next(r, &one));
    }
    recording_free(r);
}

static void reads_rtpdump(void **state)
{
    uint8_t file[1024];
    struct wr w = wr_init(file, sizeof(file));
    struct recording *r;
    struct recorded one;

    (void) state;
    wr_str(&w, "#!rtpplay1.0 192.0.2.1/5004\n");
    wr_zero(&w, 16);
    put_packet(&w, 100, 1, 1000, 7, "one");
    put_packet(&w, 110, 1, 5000, 8, "another's");
    wr_u16(&w, 8 + 4); /* RTCP */
    wr_u16(&w, 0);
    wr_u32(&w, 115);
    wr_u32(&w, 0x80c90001);
    put_packet(&w, 120, 2, 1960, 7, "two");
    assert_int_equal(recording_parse(bytes_of(file, wr_len(&w)), &r), 0);
    assert_true(recording_next(r, &one));
    assert_true(one.is_packet && one.marker && bytes_eq_str(one.data, "one"));
    assert_true(recording_next(r, &one));
    assert_true(!one.marker && bytes_eq_str(one.data, "two"));
    assert_true(one.at_us == 20000);
    assert_int_equal(one.ts_step, 960);
    assert_false(recording_next(r, &one));
    recording_free(r);
}

static void refuses_what_it_does_not_know(void **state)
{
    uint8_t file[512];
    struct wr w = wr_init(file, sizeof(file));
    struct recording *r = NULL;

    (void) state;
    assert_int_equal(recording_parse(bytes_of("", 0), &r), -EBADMSG);
    assert_int_equal(recording_parse(bytes_str("RIFF....WAVE"), &r), -EBADMSG);
    put_ivf(&w, "AV01");
    put_picture(&w, 0, "x");
    assert_int_equal(recording_parse(bytes_of(file, wr_len(&w)), &r), -ENOTSUP);
    w = wr_init(file, sizeof(file));
    put_ivf(&w, "VP80"); /* and nothing behind it */
    assert_int_equal(recording_parse(bytes_of(file, wr_len(&w)), &r), -EBADMSG);
    assert_int_equal(recording_parse(bytes_str("#!rtpplay1.0 a/1\n"), &r), -EBADMSG);
    assert_int_equal(recording_parse(bytes_str("#!rtpplay1.0 and no end of the line"), &r),
                     -EBADMSG);
    assert_null(r);
    assert_int_equal(recording_open("/nowhere/at.all", &r), -ENOENT);
}

/* Cut anywhere: what is whole is told, then it ends. */
static void a_cut_file_ends(void **state)
{
    uint8_t file[512];
    struct wr w = wr_init(file, sizeof(file));

    (void) state;
    put_ivf(&w, "VP80");
    put_picture(&w, 0, "first");
    put_picture(&w, 1, "second");
    for (size_t len = 0; len < wr_len(&w); len++) {
        struct recording *r;
        struct recorded one;
        unsigned n = 0;

        if (recording_parse(bytes_of(file, len), &r) < 0)
            continue;
        while (recording_next(r, &one))
            n++;
        assert_int_equal(n, 1);
        recording_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_ivf),
        cmocka_unit_test(reads_rtpdump),
        cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(a_cut_file_ends),
    };

    return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
