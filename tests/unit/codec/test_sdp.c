/* Descriptions as Chromium and Firefox made them are in tests/fuzz/corpus/sdp. */
#include "codec/sdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sdp s, again;
static char file[65536], text[1 << 18], text_again[1 << 18];

static struct bytes load(const char *name)
{
    char path[256];
    size_t len;
    FILE *f;

    snprintf(path, sizeof(path), "tests/fuzz/corpus/sdp/%s.sdp", name);
    f = fopen(path, "rb");
    assert_non_null(f);
    len = fread(file, 1, sizeof(file), f);
    fclose(f);
    assert_in_range(len, 1, sizeof(file) - 1);
    return bytes_of(file, len);
}

static void decode(struct bytes t)
{
    unsigned line = 0;
    int r = sdp_decode(t, &s, &line);

    if (r < 0)
        print_error("line %u\n", line);
    assert_int_equal(r, 0);
}

#define assert_text(view, literal) assert_true(bytes_eq_str(view, literal))

#define HEAD "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"

/* Decodes HEAD AUDIO and more. */
static int try(const char *more, unsigned *ret_line)
{
    snprintf(text, sizeof(text), "%s%s%s", HEAD, AUDIO, more);
    return sdp_decode(bytes_str(text), &s, ret_line);
}

static void chromium_publisher(void **state)
{
    const struct sdp_media *a = &s.media[0], *v = &s.media[1];
    const struct sdp_codec *c;

    (void) state;
    decode(load("chromium_publish"));
    assert_int_equal(s.n_media, 2);
    assert_int_equal(s.n_bundle, 2);
    assert_text(s.bundle[1], "1");
    assert_true(s.extmap_allow_mixed);
    assert_false(s.ice_lite);
    assert_int_equal(a->kind, SDP_AUDIO);
    assert_int_equal(v->kind, SDP_VIDEO);
    assert_int_equal(a->port, 9);
    assert_text(a->proto, "UDP/TLS/RTP/SAVPF");
    assert_int_equal(a->direction, SDP_SENDONLY);
    assert_int_equal(a->setup, SDP_ACTPASS);
    assert_true(a->rtcp_mux && a->rtcp_rsize);
    assert_text(a->mid, "0");
    assert_int_equal(a->ufrag.len, 4);
    assert_int_equal(a->pwd.len, 24);
    assert_text(a->fingerprint.hash, "sha-256");
    assert_int_equal(a->n_codecs, 8);
    assert_int_equal(a->codecs[0].pt, 111);
    assert_int_equal(a->codecs[0].clock_hz, 48000);
    assert_int_equal(a->codecs[0].channels, 2);
    assert_text(a->codecs[0].name, "opus");
    assert_text(sdp_fmtp_param(a->codecs[0].fmtp, "useinbandfec"), "1");
    assert_int_equal(a->n_ssrcs, 1);
    assert_int_equal(a->ssrcs[0].rtx, 0);
    assert_true(a->ssrcs[0].cname.len > 0);
    assert_true(bytes_eq(a->ssrcs[0].msid, a->msid));

    assert_int_equal(v->n_ssrcs, 1);
    assert_int_not_equal(v->ssrcs[0].rtx, 0);
    c = sdp_find_codec(v, 96);
    assert_text(c->name, "VP8");
    assert_int_equal(c->n_fb, 5);
    assert_true(sdp_codec_has_fb(c, "nack pli"));
    assert_false(sdp_codec_has_fb(c, "nack sli"));
    assert_int_equal(sdp_find_rtx(v, 96)->pt, 97);
    assert_null(sdp_find_rtx(v, 97));
    assert_null(sdp_find_codec(v, 1));
    assert_int_equal(v->n_exts, 11);
    assert_int_equal(v->exts[2].id, 13);
    assert_text(v->exts[2].uri, "urn:3gpp:video-orientation");
}

/* Attributes in alphabetical order: fmtp and ssrc come before what they refer to. */
static void firefox_publisher(void **state)
{
    const struct sdp_media *v = &s.media[1];

    (void) state;
    decode(load("firefox_publish_gathered"));
    assert_int_equal(v->fingerprint.value.len, 95); /* the session's */
    assert_int_equal(v->direction, SDP_SENDONLY);
    assert_int_equal(v->n_candidates, 8);
    assert_true(v->end_of_candidates);
    assert_int_equal(v->n_ssrcs, 1);
    assert_int_not_equal(v->ssrcs[0].rtx, 0);
    assert_int_equal(v->exts[3].direction, SDP_RECVONLY);
    assert_text(sdp_find_codec(v, 120)->fmtp, "max-fs=12288;max-fr=60");
    assert_int_equal(sdp_find_rtx(v, 120)->pt, 124);
}

static void simulcast_rids(void **state)
{
    (void) state;
    decode(load("chromium_publish_simulcast"));
    assert_int_equal(s.media[1].n_rids, 3);
    assert_text(s.media[1].rids[2], "c");
    assert_int_equal(s.media[1].n_ssrcs, 0);
    decode(load("firefox_publish_simulcast"));
    assert_int_equal(s.media[1].n_rids, 3);
    assert_int_equal(s.media[1].n_ssrcs, 3);
    assert_int_equal(try("a=rid:x send\r\na=rid:y recv\r\n", NULL), 0);
    assert_int_equal(s.media[0].n_rids, 1);
    assert_int_equal(
        try("a=rid:x send\r\na=rid:y send\r\na=simulcast:recv q send ~y,z;x\r\n", NULL), 0);
    assert_int_equal(s.media[0].n_rids, 2);
    assert_text(s.media[0].rids[0], "y");
}

static void bundle_only_and_data(void **state)
{
    (void) state;
    decode(load("firefox_publish_maxbundle"));
    assert_int_equal(s.media[1].port, 0);
    assert_true(s.media[1].bundle_only);
    decode(load("chromium_data"));
    assert_int_equal(s.n_media, 3);
    assert_int_equal(s.media[2].kind, SDP_APPLICATION);
    assert_text(s.media[2].formats, "webrtc-datachannel");
}

/* What is written reads as the same, and is then written as the same. */
static void round_trips(void **state)
{
    static const char *const names[] = {
        "chromium_answer",
        "chromium_answer_all",
        "chromium_data",
        "chromium_loopback",
        "chromium_publish",
        "chromium_publish_audio",
        "chromium_publish_gathered",
        "chromium_publish_maxbundle",
        "chromium_publish_screen",
        "chromium_publish_simulcast",
        "chromium_publish_video",
        "chromium_subscribe",
        "chromium_subscribe_audio",
        "chromium_subscribe_video",
        "firefox_answer",
        "firefox_answer_all",
        "firefox_answer_no_h264",
        "firefox_data",
        "firefox_loopback",
        "firefox_publish",
        "firefox_publish_audio",
        "firefox_publish_gathered",
        "firefox_publish_maxbundle",
        "firefox_publish_screen",
        "firefox_publish_simulcast",
        "firefox_publish_video",
        "firefox_subscribe",
        "firefox_subscribe_audio",
        "firefox_subscribe_video",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len, len_again;

        decode(load(names[i]));
        assert_int_equal(sdp_encode(&s, text, sizeof(text), &len), 0);
        assert_int_equal(sdp_decode(bytes_of(text, len), &again, NULL), 0);
        assert_int_equal(again.n_media, s.n_media);
        for (unsigned m = 0; m < s.n_media; m++) {
            assert_int_equal(again.media[m].n_codecs, s.media[m].n_codecs);
            assert_int_equal(again.media[m].n_exts, s.media[m].n_exts);
            assert_int_equal(again.media[m].n_ssrcs, s.media[m].n_ssrcs);
            assert_int_equal(again.media[m].n_rids, s.media[m].n_rids);
            assert_int_equal(again.media[m].n_candidates, s.media[m].n_candidates);
            assert_int_equal(again.media[m].direction, s.media[m].direction);
            assert_int_equal(again.media[m].setup, s.media[m].setup);
            assert_true(bytes_eq(again.media[m].ufrag, s.media[m].ufrag));
            assert_true(bytes_eq(again.media[m].fingerprint.value, s.media[m].fingerprint.value));
        }
        assert_int_equal(sdp_encode(&again, text_again, sizeof(text_again), &len_again), 0);
        assert_int_equal(len, len_again);
        assert_memory_equal(text, text_again, len);
    }
}

static void encode_needs_room(void **state)
{
    size_t len = 0, unused = 77;

    (void) state;
    decode(load("firefox_subscribe"));
    assert_int_equal(sdp_encode(&s, text, sizeof(text), &len), 0);
    assert_int_equal(sdp_encode(&s, text, len, &len), 0);
    for (size_t cap = 0; cap < len; cap += 97)
        assert_int_equal(sdp_encode(&s, text, cap, &unused), -ENOSPC);
    assert_int_equal(unused, 77);
}

static void line_ends(void **state)
{
    (void) state;
    decode(bytes_str("v=0\no=- 1 2 IN IP4 0.0.0.0\ns=-\nt=0 0\nm=audio 9 RTP/SAVPF 0\na=mid:x\n"));
    assert_text(s.media[0].mid, "x");
    decode(bytes_str("v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\nm=audio 9 RTP/SAVPF 0\r\na=mid:x"));
    assert_text(s.media[0].mid, "x");
    assert_int_equal(s.media[0].codecs[0].clock_hz, 0);
    assert_int_equal(s.media[0].direction, SDP_SENDRECV);
    decode(bytes_str(HEAD));
    assert_int_equal(s.n_media, 0);
}

static void malformed_lines_are_named(void **state)
{
    static const char *const bad[] = {
        "a=rtpmap:111\r\n",
        "a=rtpmap:111 opus\r\n",
        "a=rtpmap:111 opus/0\r\n",
        "a=rtpmap:111 opus/48000/256\r\n",
        "a=rtpmap:128 opus/48000/2\r\n",
        "a=rtpmap:-1 opus/48000\r\n",
        "a=rtpmap:111 opus/99999999999999999999\r\n",
        "a=fmtp:x y\r\n",
        "a=rtcp-fb:x nack\r\n",
        "a=extmap:0 urn:x\r\n",
        "a=extmap:4352 urn:x\r\n",
        "a=extmap:1/upwards urn:x\r\n",
        "a=extmap:1\r\n",
        "a=ssrc:0 cname:x\r\n",
        "a=ssrc:4294967296 cname:x\r\n",
        "a=ssrc-group:FID 1 1\r\n",
        "a=ssrc-group:FID 1\r\n",
        "a=setup:maybe\r\n",
        "a=fingerprint:sha-256\r\n",
        "a=mid:\r\n",
        "a=rid:x;y send\r\n",
        "a\r\n",
        "a:b\r\n",
        "\r\n",
        "A=b\r\n",
        "a=mid:\001\r\n",
        "m=audio 9 UDP/TLS/RTP/SAVPF\r\n",
        "m=audio 65536 UDP/TLS/RTP/SAVPF 1\r\n",
        "m=audio 9 UDP/TLS/RTP/SAVPF 128\r\n",
        "m=audio 9 UDP/TLS/RTP/SAVPF 1 1\r\n",
        "m=audio 9 UDP/TLS/RTP/SAVPF x\r\n",
        "m=audio\r\n",
        "o=- x 1 IN IP4 0.0.0.0\r\n",
        "o=- 18446744073709551616 1 IN IP4 0.0.0.0\r\n",
    };
    unsigned line;

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        line = 0;
        if (try(bad[i], &line) != -EBADMSG || line != 6)
            fail_msg("%s at line %u", bad[i], line);
        assert_int_equal(try(bad[i], NULL), -EBADMSG);
    }
    assert_int_equal(sdp_decode(bytes_str(""), &s, &line), -EBADMSG);
    assert_int_equal(sdp_decode(bytes_str("v=1\r\n"), &s, &line), -EBADMSG);
    assert_int_equal(line, 1);
    assert_int_equal(sdp_decode(bytes_str("v=0\r\ns=-\r\n"), &s, &line), -EBADMSG); /* no origin */
    assert_int_equal(try("a=mid:0\r\nm=video 9 X 1\r\na=mid:0\r\n", &line), -EBADMSG);
    assert_int_equal(line, 8);
}

/* max of them pass, one more is too much. */
static void limit(const char *fmt, unsigned max)
{
    char more[8192] = "";
    size_t len = 0;
    unsigned line = 0;

    for (unsigned i = 1; i <= max; i++)
        len += (size_t) snprintf(more + len, sizeof(more) - len, fmt, i);
    assert_int_equal(try(more, NULL), 0);
    snprintf(more + len, sizeof(more) - len, fmt, max + 1);
    assert_int_equal(try(more, &line), -E2BIG);
    assert_in_range(line, 5 + max, 7 + max);
}

static void limits(void **state)
{
    char more[1024] = "m=audio 9 X";

    (void) state;
    limit("m=video 9 X %u\r\n", SDP_MEDIA_MAX - 1);
    limit("a=extmap:%u urn:x\r\n", SDP_EXT_MAX);
    limit("a=rtcp-fb:111 x%u\r\n", SDP_FB_MAX);
    limit("a=rtcp-fb:* x%u\r\n", SDP_FB_MAX);
    limit("a=ssrc:%u cname:x\r\n", SDP_SSRC_MAX);
    limit("a=ssrc-group:FID %u 1000\r\n", SDP_SSRC_MAX);
    limit("a=rid:%u send\r\n", SDP_RID_MAX);
    for (unsigned i = 1; i <= SDP_CODEC_MAX; i++)
        snprintf(more + strlen(more), sizeof(more) - strlen(more), " %u", i);
    assert_int_equal(try(more, NULL), 0);
    assert_int_equal(s.media[1].n_codecs, SDP_CODEC_MAX);
    snprintf(more + strlen(more), sizeof(more) - strlen(more), " 127");
    assert_int_equal(try(more, NULL), -E2BIG);
    assert_int_equal(sdp_decode(bytes_str(HEAD "a=group:BUNDLE 1 2 3 4 5 6 7 8 9\r\n"), &s, NULL),
                     -E2BIG);
}

static void candidates_past_the_maximum_are_left_out(void **state)
{
    char more[8192] = "";
    size_t len = 0;

    (void) state;
    for (unsigned i = 1; i <= 4 * SDP_CANDIDATE_MAX; i++)
        len += (size_t) snprintf(more + len, sizeof(more) - len, "a=candidate:%u\r\n", i);
    assert_int_equal(try(more, NULL), 0);
    assert_int_equal(s.media[0].n_candidates, SDP_CANDIDATE_MAX);
    assert_true(bytes_eq_str(s.media[0].candidates[SDP_CANDIDATE_MAX - 1], "32"));
}

static void tolerated(void **state)
{
    (void) state;
    assert_int_equal(try("a=rtpmap:5 x/1\r\na=fmtp:5 y\r\na=rtcp-fb:5 z\r\na=extmap:300 urn:x\r\n"
                         "a=unknown\r\na=unknown:x y\r\nb=AS:300\r\na=ssrc-group:SIM 1 2 3\r\n",
                         NULL),
                     0);
    assert_int_equal(s.media[0].n_codecs, 1);
    assert_int_equal(s.media[0].n_exts, 0);
    assert_int_equal(s.media[0].n_ssrcs, 0);
}

static void session_values_are_defaults(void **state)
{
    (void) state;
    decode(
        bytes_str("v=0\no=- 1 2 IN IP4 0.0.0.0\na=ice-lite\na=ice-ufrag:sss\na=ice-pwd:ppp\n"
                  "a=setup:active\na=recvonly\na=fingerprint:sha-1 AA\na=fingerprint:sha-256 BB\n"
                  "a=fingerprint:sha-512 CC\nm=audio 9 X 1\na=ice-ufrag:own\na=sendonly\n"
                  "a=fingerprint:sha-1 DD\nm=video 9 X 1\nm=text 9 RTP/AVP 98 99\n"));
    assert_true(s.ice_lite);
    assert_text(s.media[0].ufrag, "own");
    assert_text(s.media[0].pwd, "ppp");
    assert_text(s.media[0].fingerprint.value, "DD");
    assert_int_equal(s.media[0].direction, SDP_SENDONLY);
    assert_text(s.media[1].ufrag, "sss");
    assert_text(s.media[1].fingerprint.value, "BB");
    assert_int_equal(s.media[1].direction, SDP_RECVONLY);
    assert_int_equal(s.media[1].setup, SDP_ACTIVE);
    assert_int_equal(s.media[2].kind, SDP_OTHER);
    assert_text(s.media[2].kind_name, "text");
    assert_text(s.media[2].formats, "98 99");
}

static void fmtp_parameters(void **state)
{
    struct bytes f = bytes_str("minptime=10; UseInBandFec=1 ;flag;empty=;x=a=b");

    (void) state;
    assert_text(sdp_fmtp_param(f, "minptime"), "10");
    assert_text(sdp_fmtp_param(f, "useinbandfec"), "1");
    assert_text(sdp_fmtp_param(f, "x"), "a=b");
    assert_non_null(sdp_fmtp_param(f, "flag").p);
    assert_int_equal(sdp_fmtp_param(f, "flag").len, 0);
    assert_int_equal(sdp_fmtp_param(f, "empty").len, 0);
    assert_null(sdp_fmtp_param(f, "ptime").p);
    assert_null(sdp_fmtp_param(bytes_str(NULL), "ptime").p);
    assert_null(sdp_fmtp_param(bytes_str(";;"), "ptime").p);
}

static void fingerprints(void **state)
{
    static const char *const bad[] = {"", "A", "AB:", "AB:C", "AB-CD", "AG", "AB:CD:EF"};
    struct sdp_fingerprint f = {.value = bytes_str("0a:FF")};
    uint8_t digest[2];
    size_t len = 0;

    (void) state;
    assert_int_equal(sdp_fingerprint_bytes(&f, digest, sizeof(digest), &len), 0);
    assert_int_equal(len, 2);
    assert_int_equal(digest[0], 0x0a);
    assert_int_equal(digest[1], 0xff);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        f.value = bytes_str(bad[i]);
        assert_int_equal(sdp_fingerprint_bytes(&f, digest, sizeof(digest), &len), -EBADMSG);
    }
}

static void directions(void **state)
{
    (void) state;
    assert_int_equal(sdp_direction_reversed(SDP_SENDONLY), SDP_RECVONLY);
    assert_int_equal(sdp_direction_reversed(SDP_RECVONLY), SDP_SENDONLY);
    assert_int_equal(sdp_direction_reversed(SDP_SENDRECV), SDP_SENDRECV);
    assert_int_equal(sdp_direction_reversed(SDP_INACTIVE), SDP_INACTIVE);
    assert_string_equal(sdp_direction_name(SDP_INACTIVE), "inactive");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chromium_publisher),
        cmocka_unit_test(firefox_publisher),
        cmocka_unit_test(simulcast_rids),
        cmocka_unit_test(bundle_only_and_data),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(encode_needs_room),
        cmocka_unit_test(line_ends),
        cmocka_unit_test(malformed_lines_are_named),
        cmocka_unit_test(limits),
        cmocka_unit_test(candidates_past_the_maximum_are_left_out),
        cmocka_unit_test(tolerated),
        cmocka_unit_test(session_values_are_defaults),
        cmocka_unit_test(fmtp_parameters),
        cmocka_unit_test(fingerprints),
        cmocka_unit_test(directions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
