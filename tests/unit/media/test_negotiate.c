/* Offers and answers as Chromium and Firefox made them are in tests/fuzz/corpus/sdp. */
#include "media/negotiate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define FINGERPRINT                                                                                \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"   \
    "EE:"                                                                                          \
    "FF"

static const char *const candidates[] = {"1 1 udp 2130706431 192.0.2.1 40000 typ host"};

static struct neg_local local;
static struct neg_peer pub, sub, offered;
static struct neg_error error;
static struct sdp said; /* what we said, read again */
static struct neg_map map;
static char text[65536];
static size_t text_len;

static int setup(void **state)
{
    (void) state;
    local = (struct neg_local){
        .ufrag = "ourUfrag",
        .pwd = "ourPasswordIsLongEnough0",
        .fingerprint = FINGERPRINT,
        .candidates = candidates,
        .n_candidates = 1,
        .ice_lite = true,
        .session_id = 4711,
        .cname = "cname",
        .msid = "str_1",
        .send = {[SDP_AUDIO] = {1001, 0}, [SDP_VIDEO] = {1002, 1003}},
    };
    memset(&pub, 0, sizeof(pub));
    memset(&sub, 0, sizeof(sub));
    memset(&error, 0, sizeof(error));
    return 0;
}

/* Four files at a time stay valid. */
static struct bytes load(const char *name)
{
    static char files[4][65536];
    static unsigned next;
    char *file = files[next++ % 4], path[256];
    size_t len;
    FILE *f;

    snprintf(path, sizeof(path), "tests/fuzz/corpus/sdp/%s.sdp", name);
    f = fopen(path, "rb");
    assert_non_null(f);
    len = fread(file, 1, sizeof(files[0]), f);
    fclose(f);
    return bytes_of(file, len);
}

/* A file with one passage replaced everywhere. */
static struct bytes load_with(const char *name, const char *from, const char *to)
{
    static char out[2][65536];
    static unsigned next;
    struct bytes in = load(name);
    struct wr w = wr_init(out[next % 2], sizeof(out[0]));
    bool found = false;

    for (size_t i = 0; i < in.len;) {
        if (bytes_starts_with(bytes_of(in.p + i, in.len - i), from)) {
            wr_str(&w, to);
            i += strlen(from);
            found = true;
        } else {
            wr_u8(&w, in.p[i++]);
        }
    }
    assert_true(found);
    return bytes_of(out[next++ % 2], wr_len(&w));
}

static int publish_text(struct bytes offer)
{
    int r = neg_publish(&local, offer, &pub, text, sizeof(text), &text_len, &error);

    if (r == 0)
        assert_int_equal(sdp_decode(bytes_of(text, text_len), &said, NULL), 0);
    return r;
}

static int subscribe_text(struct bytes offer)
{
    int r = neg_subscribe(&local, &pub, offer, &sub, text, sizeof(text), &text_len, &error);

    if (r == 0)
        assert_int_equal(sdp_decode(bytes_of(text, text_len), &said, NULL), 0);
    return r;
}

static int offer(void)
{
    int r = neg_offer(&local, &pub, &offered, text, sizeof(text), &text_len, &error);

    if (r == 0)
        assert_int_equal(sdp_decode(bytes_of(text, text_len), &said, NULL), 0);
    return r;
}

static void publish(const char *name)
{
    int r = publish_text(load(name));

    if (r < 0)
        print_error("%s\n", error.text);
    assert_int_equal(r, 0);
}

static void subscribe(const char *name)
{
    int r = subscribe_text(load(name));

    if (r < 0)
        print_error("%s\n", error.text);
    assert_int_equal(r, 0);
}

#define assert_text(view, literal) assert_true(bytes_eq_str(view, literal))
#define assert_error(r, media_code, part)                                                          \
    do {                                                                                           \
        assert_true((r) < 0);                                                                      \
        assert_int_equal(error.code, media_code);                                                  \
        if (!strstr(error.text, part))                                                             \
            fail_msg("%s", error.text);                                                            \
    } while (0)

/* What every answer and offer of ours must have. */
static void check_line(const struct sdp_media *m, enum sdp_setup dtls, enum sdp_direction d)
{
    assert_int_equal(m->port, 9);
    assert_text(m->ufrag, "ourUfrag");
    assert_text(m->pwd, "ourPasswordIsLongEnough0");
    assert_text(m->fingerprint.hash, "sha-256");
    assert_text(m->fingerprint.value, FINGERPRINT);
    assert_int_equal(m->n_candidates, 1);
    assert_text(m->candidates[0], candidates[0]);
    assert_true(m->end_of_candidates && m->rtcp_mux);
    assert_int_equal(m->setup, dtls);
    assert_int_equal(m->direction, d);
    assert_int_equal(m->n_rids, 0);
    assert_int_equal(m->n_ssrcs, d == SDP_SENDONLY || d == SDP_SENDRECV);
}

/* ---- publishers ---- */

static void publisher_chromium(void **state)
{
    static const uint8_t video[] = {96, 102, 108, 98, 100}; /* no AV1, no H264 mode 0 or Main */
    const struct neg_media *a = &pub.media[SDP_AUDIO], *v = &pub.media[SDP_VIDEO];

    (void) state;
    publish("chromium_publish");
    assert_true(said.ice_lite);
    assert_int_equal(said.session_id, 4711);
    assert_int_equal(said.n_bundle, 2);
    assert_int_equal(said.n_media, 2);
    check_line(&said.media[0], SDP_PASSIVE, SDP_RECVONLY);
    check_line(&said.media[1], SDP_PASSIVE, SDP_RECVONLY);
    assert_text(said.media[0].mid, "0");
    assert_text(said.media[1].mid, "1");
    assert_int_equal(said.media[0].n_codecs, 1);
    assert_int_equal(said.media[1].n_codecs, sizeof(video));
    assert_false(sdp_codec_has_fb(&said.media[1].codecs[0], "transport-cc"));
    assert_false(sdp_codec_has_fb(&said.media[1].codecs[0], "goog-remb"));

    assert_true(a->active && v->active);
    assert_false(a->loops || v->loops);
    assert_int_equal(a->codecs[0].codec, RTP_CODEC_OPUS);
    assert_int_equal(a->codecs[0].pt, 111);
    assert_int_equal(a->codecs[0].clock_hz, 48000);
    assert_int_equal(a->codecs[0].channels, 2);
    assert_string_equal(a->codecs[0].fmtp, "minptime=10;useinbandfec=1");
    for (unsigned i = 0; i < sizeof(video); i++) {
        assert_int_equal(v->codecs[i].pt, video[i]);
        assert_int_equal(v->codecs[i].rtx_pt, 0);
        assert_int_equal(v->codecs[i].fb, NEG_FB_NACK | NEG_FB_PLI | NEG_FB_FIR);
    }
    assert_int_equal(v->codecs[0].codec, RTP_CODEC_VP8);
    assert_int_equal(v->codecs[1].codec, RTP_CODEC_H264);
    assert_int_equal(v->codecs[3].codec, RTP_CODEC_VP9);
    assert_int_equal(a->ext_id[NEG_EXT_AUDIO_LEVEL], 1);
    assert_int_equal(a->ext_id[NEG_EXT_MID], 4);
    assert_int_equal(v->ext_id[NEG_EXT_VIDEO_ORIENTATION], 13);
    assert_int_equal(v->ext_id[NEG_EXT_PLAYOUT_DELAY], 5);
    assert_int_equal(v->ext_id[NEG_EXT_VIDEO_CONTENT_TYPE], 6);
    assert_int_equal(v->ext_id[NEG_EXT_ABS_SEND_TIME], 0);
    assert_int_equal(v->ext_id[NEG_EXT_TRANSPORT_CC], 0);
    assert_int_equal(v->n_ssrcs, 1);
    assert_int_not_equal(v->ssrcs[0].ssrc, 0);
    assert_int_equal(v->ssrcs[0].rtx_ssrc, 0);
    assert_string_equal(v->mid, "1");
    assert_int_equal(strlen(pub.ufrag), 4);
    assert_int_equal(strlen(pub.pwd), 24);
    assert_string_equal(pub.fingerprint_hash, "sha-256");
    assert_int_equal(pub.fingerprint_len, 32);
}

static void publisher_with_everything(void **state)
{
    const struct neg_media *v = &pub.media[SDP_VIDEO];

    (void) state;
    local.rtx = local.twcc = local.remb = local.abs_send_time = true;
    publish("chromium_publish");
    assert_int_equal(v->codecs[0].rtx_pt, 97);
    assert_int_equal(v->codecs[0].fb,
                     NEG_FB_NACK | NEG_FB_PLI | NEG_FB_FIR | NEG_FB_TRANSPORT_CC | NEG_FB_REMB);
    assert_int_equal(pub.media[SDP_AUDIO].codecs[0].fb, NEG_FB_TRANSPORT_CC);
    assert_int_equal(v->ext_id[NEG_EXT_TRANSPORT_CC], 3);
    assert_int_equal(v->ext_id[NEG_EXT_ABS_SEND_TIME], 2);
    assert_int_not_equal(v->ssrcs[0].rtx_ssrc, 0);
    assert_int_equal(said.media[1].n_codecs, 10);
    assert_int_equal(sdp_find_rtx(&said.media[1], 96)->pt, 97);
    assert_true(sdp_codec_has_fb(sdp_find_codec(&said.media[1], 96), "transport-cc"));
    assert_true(sdp_codec_has_fb(sdp_find_codec(&said.media[1], 96), "goog-remb"));
}

static void publisher_firefox(void **state)
{
    (void) state;
    publish("firefox_publish");
    assert_int_equal(pub.media[SDP_AUDIO].codecs[0].pt, 109);
    assert_int_equal(pub.media[SDP_VIDEO].n_codecs, 2);
    assert_int_equal(pub.media[SDP_VIDEO].codecs[0].pt, 120);
    /* "recvonly": it will not send it. */
    assert_int_equal(pub.media[SDP_VIDEO].ext_id[NEG_EXT_PLAYOUT_DELAY], 0);
    assert_int_equal(pub.fingerprint_len, 32);
}

static void publisher_of_one_kind(void **state)
{
    static const char *const video[] = {"chromium_publish_video", "chromium_publish_screen",
                                        "firefox_publish_video", "firefox_publish_screen"};

    (void) state;
    publish("chromium_publish_audio");
    assert_true(pub.media[SDP_AUDIO].active);
    assert_false(pub.media[SDP_VIDEO].active);
    for (size_t i = 0; i < sizeof(video) / sizeof(video[0]); i++) {
        publish(video[i]);
        assert_false(pub.media[SDP_AUDIO].active);
        assert_true(pub.media[SDP_VIDEO].active);
        assert_int_equal(said.n_media, 1);
        assert_text(said.media[0].mid, "0");
    }
}

static void publisher_simulcast_and_max_bundle(void **state)
{
    static const char *const names[] = {"chromium_publish_simulcast", "firefox_publish_simulcast",
                                        "chromium_publish_maxbundle", "firefox_publish_maxbundle",
                                        "chromium_publish_gathered",  "firefox_publish_gathered"};

    (void) state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        publish(names[i]);
        check_line(&said.media[0], SDP_PASSIVE, SDP_RECVONLY);
        check_line(&said.media[1], SDP_PASSIVE, SDP_RECVONLY);
        assert_true(pub.media[SDP_AUDIO].active && pub.media[SDP_VIDEO].active);
    }
}

static void publisher_loopback(void **state)
{
    static const char *const names[] = {"chromium_loopback", "firefox_loopback"};

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        local.loopback = false;
        publish(names[i]);
        check_line(&said.media[1], SDP_PASSIVE, SDP_RECVONLY);
        assert_false(pub.media[SDP_VIDEO].loops);

        local.loopback = true;
        publish(names[i]);
        check_line(&said.media[0], SDP_PASSIVE, SDP_SENDRECV);
        check_line(&said.media[1], SDP_PASSIVE, SDP_SENDRECV);
        assert_int_equal(said.media[1].ssrcs[0].ssrc, 1002);
        assert_int_equal(said.media[1].ssrcs[0].rtx, 0);
        assert_text(said.media[1].ssrcs[0].cname, "cname");
        assert_true(pub.media[SDP_AUDIO].loops && pub.media[SDP_VIDEO].loops);
        neg_map(&pub.media[SDP_VIDEO], &pub.media[SDP_VIDEO], &map);
        for (unsigned c = 0; c < pub.media[SDP_VIDEO].n_codecs; c++)
            assert_int_equal(map.pt[pub.media[SDP_VIDEO].codecs[c].pt],
                             pub.media[SDP_VIDEO].codecs[c].pt);
    }
    publish("chromium_publish"); /* "sendonly" stays one way */
    check_line(&said.media[0], SDP_PASSIVE, SDP_RECVONLY);
}

static void data_channels_and_strays_are_rejected(void **state)
{
    (void) state;
    assert_int_equal(publish_text(load_with("chromium_data", "a=recvonly", "a=sendonly")), 0);
    assert_int_equal(said.n_media, 3);
    assert_int_equal(said.media[2].port, 0);
    assert_int_equal(said.media[2].kind, SDP_APPLICATION);
    assert_text(said.media[2].formats, "webrtc-datachannel");
    assert_text(said.media[2].mid, "2");
    assert_int_equal(said.n_bundle, 2);

    /* outside the bundle; without rtcp-mux; both of a kind; refused by the offerer itself */
    assert_int_equal(
        publish_text(load_with("chromium_publish", "a=group:BUNDLE 0 1", "a=group:BUNDLE 0")), 0);
    assert_int_equal(said.media[0].port, 9);
    assert_int_equal(said.media[1].port, 0);
    assert_text(said.media[1].mid, "1");
    assert_int_equal(said.n_bundle, 1);
    assert_false(pub.media[SDP_VIDEO].active);
    assert_int_equal(publish_text(load_with("chromium_publish", "a=group:BUNDLE 0 1\r\n", "")), 0);
    assert_int_equal(said.media[1].port, 0);
    assert_int_equal(said.n_bundle, 0);
    assert_int_equal(publish_text(load_with("chromium_publish", "m=video 9", "m=video 0")), 0);
    assert_int_equal(said.media[1].port, 0);
    assert_int_equal(publish_text(load_with("chromium_publish", "VP8/9", "VP7/9")), 0);
    assert_int_equal(pub.media[SDP_VIDEO].codecs[0].pt, 102);
    assert_error(publish_text(load_with("chromium_publish", "a=rtcp-mux", "a=x")), MEDIA_ERR_SDP,
                 "m-line 1 lacks a=rtcp-mux");
}

static void a_second_line_of_a_kind_is_rejected(void **state)
{
    const char *two =
        "v=0\no=- 1 2 IN IP4 0.0.0.0\na=group:BUNDLE a b c\na=ice-ufrag:ufra\n"
        "a=ice-pwd:0123456789012345678901\na=fingerprint:sha-256 " FINGERPRINT "\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\na=mid:a\na=rtcp-mux\na=rtpmap:111 opus/48000/2\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 112\na=mid:b\na=rtcp-mux\na=rtpmap:112 opus/48000/2\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 111\na=mid:c\na=rtcp-mux\na=rtpmap:111 "
        "VP8/90000\n";
    char inactive[1024];

    (void) state;
    assert_error(publish_text(bytes_str(two)), MEDIA_ERR_SDP, "for both audio and video");
    snprintf(inactive, sizeof(inactive), "%sa=inactive\n", two);
    assert_int_equal(publish_text(bytes_str(inactive)), 0);
    assert_int_equal(said.media[1].port, 0);
    check_line(&said.media[2], SDP_PASSIVE, SDP_INACTIVE);
    assert_int_equal(pub.media[SDP_AUDIO].codecs[0].pt, 111);
    assert_false(pub.media[SDP_VIDEO].active);
    assert_int_equal(said.n_bundle, 2);
    assert_text(said.bundle[1], "c");
}

static void unusable_offers(void **state)
{
    static char huge[NEG_TEXT_MAX + 1];
    size_t len = 99;

    (void) state;
    assert_error(publish_text(bytes_str("v=0\r\no=x\r\n")), MEDIA_ERR_SDP, "malformed at line 2");
    assert_error(publish_text(bytes_of(huge, sizeof(huge))), MEDIA_ERR_SDP, "longer than 65536");
    assert_error(publish_text(bytes_str("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n")), MEDIA_ERR_SDP,
                 "nothing that can be answered");
    assert_error(publish_text(load("chromium_subscribe")), MEDIA_ERR_SDP, "sends neither");
    assert_error(publish_text(load_with("chromium_publish", "setup:actpass", "setup:passive")),
                 MEDIA_ERR_SDP, "passive DTLS role");
    assert_error(publish_text(load_with("chromium_publish", "a=ice-ufrag", "a=x")), MEDIA_ERR_SDP,
                 "ice-ufrag");
    assert_error(publish_text(load_with("chromium_publish", "a=ice-pwd", "a=x")), MEDIA_ERR_SDP,
                 "ice-pwd");
    assert_error(publish_text(load_with("chromium_publish", "sha-256", "sha-1")), MEDIA_ERR_SDP,
                 "fingerprint");
    assert_error(publish_text(load_with("chromium_publish", "sha-256", "sha-512")), MEDIA_ERR_SDP,
                 "fingerprint");
    assert_error(publish_text(load_with("chromium_publish_audio", "opus", "opium")), MEDIA_ERR_SDP,
                 "has no Opus");
    assert_error(neg_publish(&local, load("chromium_publish"), &pub, text, 1000, &len, &error),
                 MEDIA_ERR_ENDPOINT, "1000");
    assert_int_equal(len, 99);
    assert_false(pub.media[SDP_AUDIO].active);
}

/* One m-line needs no bundle and no mid. */
static void without_mid(void **state)
{
    (void) state;
    assert_int_equal(publish_text(load_with("chromium_publish_audio", "a=group:BUNDLE 0\r\n", "")),
                     0);
    assert_string_equal(pub.media[SDP_AUDIO].mid, "0");
    assert_int_equal(said.n_bundle, 0);
    assert_int_equal(publish_text(bytes_str("v=0\no=- 1 2 IN IP4 0.0.0.0\na=ice-ufrag:ufra\n"
                                            "a=ice-pwd:0123456789012345678901\n"
                                            "a=fingerprint:sha-256 " FINGERPRINT "\n"
                                            "m=audio 9 RTP/SAVPF 111\na=rtcp-mux\n"
                                            "a=rtpmap:111 opus/48000/2\n")),
                     0);
    assert_string_equal(pub.media[SDP_AUDIO].mid, "");
    assert_int_equal(said.media[0].mid.len, 0);
}

static void hostile_numbers(void **state)
{
    char fmtp[512];

    (void) state;
    /* PT 0 and those of RTCP, an id that needs two-byte headers, an fmtp too long to keep */
    assert_int_equal(publish_text(load_with("chromium_publish", "96", "72")), 0);
    assert_int_equal(pub.media[SDP_VIDEO].codecs[0].pt, 102);
    assert_int_equal(publish_text(load_with("chromium_publish", "a=extmap:1 ", "a=extmap:15 ")), 0);
    assert_int_equal(pub.media[SDP_AUDIO].ext_id[NEG_EXT_AUDIO_LEVEL], 0);
    assert_int_equal(publish_text(load_with("chromium_publish", "a=extmap:5 ", "a=extmap:6 ")), 0);
    assert_int_equal(pub.media[SDP_VIDEO].ext_id[NEG_EXT_PLAYOUT_DELAY], 6);
    assert_int_equal(pub.media[SDP_VIDEO].ext_id[NEG_EXT_VIDEO_CONTENT_TYPE], 0);
    snprintf(fmtp, sizeof(fmtp), "profile-id=0;x=%0200d", 1);
    assert_int_equal(publish_text(load_with("chromium_publish", "profile-id=0", fmtp)), 0);
    assert_int_equal(pub.media[SDP_VIDEO].n_codecs, 4);
    assert_int_equal(publish_text(load_with("chromium_publish", "profile-id=0", "x=\xc3\xa9")), 0);
    assert_int_equal(pub.media[SDP_VIDEO].n_codecs, 4);
    /* RTX that claims a media payload type */
    local.rtx = true;
    assert_int_equal(publish_text(load_with("firefox_publish", "apt=121", "apt=120")), 0);
    assert_int_equal(pub.media[SDP_VIDEO].codecs[0].rtx_pt, 124);
    assert_int_equal(pub.media[SDP_VIDEO].codecs[1].rtx_pt, 0);
    assert_int_equal(
        publish_text(load_with("chromium_publish_audio", "red/48000/2\r\na=fmtp:63 111/111",
                               "rtx/48000\r\na=fmtp:63 apt=111")),
        0);
    assert_int_equal(pub.media[SDP_AUDIO].codecs[0].rtx_pt, 0);
}

/* ---- forced codecs ---- */

static void forced_codec(void **state)
{
    (void) state;
    local.rtx = true;
    local.forced_codec = "H264";
    publish("chromium_publish");
    assert_int_equal(pub.media[SDP_VIDEO].n_codecs, 2);
    assert_int_equal(pub.media[SDP_VIDEO].codecs[0].pt, 102);
    assert_int_equal(pub.media[SDP_VIDEO].codecs[0].rtx_pt, 103);
    assert_int_equal(said.media[1].n_codecs, 4);
    assert_true(pub.media[SDP_AUDIO].active);
    publish("firefox_publish_audio"); /* no m=video, nothing to force */

    assert_error(publish_text(load("firefox_publish")), MEDIA_ERR_FORCED_CODEC,
                 "Error forcing codec: 'H264'");
    assert_ptr_equal(strstr(error.text, "Error forcing codec: 'H264'"), error.text);
    local.forced_codec = NULL;
    publish("chromium_publish");
    local.forced_codec = "H264";
    assert_error(subscribe_text(load("firefox_subscribe")), MEDIA_ERR_FORCED_CODEC, "'H264'");
    subscribe("chromium_subscribe");
    assert_int_equal(sub.media[SDP_VIDEO].n_codecs, 2);
    local.forced_codec = "VP8";
    assert_int_equal(offer(), 0);
    assert_int_equal(offered.media[SDP_VIDEO].n_codecs, 1);
    local.forced_codec = NULL;
    publish("firefox_publish");
    local.forced_codec = "H264";
    assert_error(offer(), MEDIA_ERR_FORCED_CODEC, "Error forcing codec: 'H264'");
}

static void h264_profiles(void **state)
{
    const struct neg_media *v = &pub.media[SDP_VIDEO];

    (void) state;
    /* Only High and Main: taken; and no one's baseline decoder gets them. */
    local.forced_codec = "H264";
    assert_int_equal(
        publish_text(load_with("chromium_publish", "profile-level-id=42", "profile-level-id=64")),
        0);
    assert_int_equal(v->n_codecs, 3);
    subscribe("chromium_subscribe");
    assert_int_equal(sub.media[SDP_VIDEO].n_codecs, 1); /* Main to Main */
    neg_map(v, &sub.media[SDP_VIDEO], &map);
    assert_int_equal(map.pt[116], 116);
    assert_int_equal(map.pt[102], 0);
    /* Baseline is decoded by whoever has Main or High. */
    publish("chromium_publish");
    assert_int_equal(subscribe_text(load_with("chromium_subscribe", "profile-level-id=42",
                                              "profile-level-id=64")),
                     0);
    neg_map(v, &sub.media[SDP_VIDEO], &map);
    assert_int_not_equal(map.pt[102], 0);
    assert_int_equal(map.pt[108], map.pt[102]);
    /* Without the parameter it is Baseline; nonsense is no profile. */
    assert_int_equal(publish_text(load_with("chromium_publish", ";profile-level-id=42001f", "")),
                     0);
    subscribe("chromium_subscribe");
    neg_map(v, &sub.media[SDP_VIDEO], &map);
    assert_int_equal(map.pt[102], 102);
    assert_int_equal(publish_text(load_with("chromium_publish", "42001f", "zz")), 0);
    assert_int_equal(v->n_codecs, 1);
    assert_int_equal(v->codecs[0].pt, 108);
}

/* ---- subscribers that offer ---- */

static void subscriber_firefox_of_chromium(void **state)
{
    const struct neg_media *v = &sub.media[SDP_VIDEO];

    (void) state;
    publish("chromium_publish");
    subscribe("firefox_subscribe");
    check_line(&said.media[0], SDP_PASSIVE, SDP_SENDONLY);
    check_line(&said.media[1], SDP_PASSIVE, SDP_SENDONLY);
    assert_int_equal(said.media[0].ssrcs[0].ssrc, 1001);
    assert_int_equal(said.media[1].ssrcs[0].ssrc, 1002);
    assert_int_equal(said.media[1].ssrcs[0].rtx, 0);
    assert_text(said.media[1].msid, "str_1 str_1-video");
    assert_int_equal(said.media[1].exts[0].direction, SDP_SENDONLY); /* for its "/recvonly" */
    assert_int_equal(said.media[1].n_exts, 1);
    assert_int_equal(v->n_codecs, 2);
    assert_int_equal(strlen(sub.ufrag), 8);

    neg_map(&pub.media[SDP_AUDIO], &sub.media[SDP_AUDIO], &map);
    assert_int_equal(map.pt[111], 109);
    assert_int_equal(map.ext[1], 1);
    assert_int_equal(map.ext[4], 0); /* mid */
    neg_map(&pub.media[SDP_VIDEO], v, &map);
    assert_int_equal(map.pt[96], 120);
    assert_int_equal(map.pt[98], 121);
    assert_int_equal(map.pt[100], 0); /* VP9 profile 2 */
    assert_int_equal(map.pt[102], 0); /* H264 */
    assert_int_equal(map.ext[5], 6);  /* playout delay */
    assert_int_equal(map.ext[13], 0); /* orientation */
    assert_int_equal(map.rtx_pt[96], 0);
}

static void subscriber_chromium_of_firefox(void **state)
{
    (void) state;
    local.rtx = local.twcc = local.remb = local.abs_send_time = true;
    publish("firefox_publish");
    subscribe("chromium_subscribe");
    assert_int_equal(said.media[1].n_codecs, 4);
    assert_int_equal(said.media[1].ssrcs[0].rtx, 1003);
    assert_int_equal(sub.media[SDP_VIDEO].ext_id[NEG_EXT_TRANSPORT_CC], 3);
    assert_int_equal(sub.media[SDP_VIDEO].ext_id[NEG_EXT_ABS_SEND_TIME], 2);
    assert_int_equal(sub.media[SDP_VIDEO].ext_id[NEG_EXT_MID], 0);
    assert_int_equal(sub.media[SDP_VIDEO].ext_id[NEG_EXT_VIDEO_ORIENTATION], 0);
    neg_map(&pub.media[SDP_VIDEO], &sub.media[SDP_VIDEO], &map);
    assert_int_equal(map.pt[120], 96);
    assert_int_equal(map.rtx_pt[120], 97);
    assert_int_equal(map.pt[121], 98);
    for (unsigned i = 0; i <= NEG_EXT_ID_MAX; i++)
        assert_int_equal(map.ext[i], 0);
}

static void subscriber_of_what_is_not_there(void **state)
{
    (void) state;
    publish("chromium_publish_audio");
    subscribe("firefox_subscribe");
    check_line(&said.media[0], SDP_PASSIVE, SDP_SENDONLY);
    check_line(&said.media[1], SDP_PASSIVE, SDP_INACTIVE);
    assert_false(sub.media[SDP_VIDEO].active);
    neg_map(&pub.media[SDP_VIDEO], &sub.media[SDP_VIDEO], &map);
    for (unsigned i = 0; i < 128; i++)
        assert_int_equal(map.pt[i], 0);

    /* no codec in common: inactive; none that we know at all: rejected */
    local.forced_codec = "H264";
    publish("chromium_publish");
    local.forced_codec = NULL;
    subscribe("firefox_subscribe");
    check_line(&said.media[1], SDP_PASSIVE, SDP_INACTIVE);
    assert_true(sub.media[SDP_AUDIO].active);
    assert_error(subscribe_text(load_with("firefox_subscribe_video", " VP", " XP")), MEDIA_ERR_SDP,
                 "m-line 1 has none of VP8, VP9 and H264");
    assert_int_equal(subscribe_text(load_with("firefox_subscribe", " VP", " XP")), 0);
    assert_int_equal(said.media[1].port, 0);

    subscribe("chromium_subscribe_audio"); /* wants less than there is */
    assert_true(sub.media[SDP_AUDIO].active);
    assert_false(sub.media[SDP_VIDEO].active);
    assert_int_equal(subscribe_text(load("chromium_publish")), 0); /* sends: gets nothing */
    assert_false(sub.media[SDP_AUDIO].active);
}

/* A new publisher of the stream: the subscriber stays as it was negotiated. */
static void publisher_replaced(void **state)
{
    (void) state;
    publish("chromium_publish");
    subscribe("firefox_subscribe");
    publish("firefox_publish");
    neg_map(&pub.media[SDP_VIDEO], &sub.media[SDP_VIDEO], &map);
    assert_int_equal(map.pt[120], 120);
    publish("chromium_publish_audio");
    neg_map(&pub.media[SDP_VIDEO], &sub.media[SDP_VIDEO], &map);
    assert_int_equal(map.pt[120], 0);
}

/* ---- subscribers that answer ---- */

static void offer_and_answers(void **state)
{
    const struct neg_media *v = &sub.media[SDP_VIDEO];

    (void) state;
    publish("chromium_publish");
    assert_int_equal(offer(), 0);
    assert_true(said.ice_lite);
    assert_int_equal(said.n_bundle, 2);
    check_line(&said.media[0], SDP_ACTPASS, SDP_SENDONLY);
    check_line(&said.media[1], SDP_ACTPASS, SDP_SENDONLY);
    assert_int_equal(said.media[0].codecs[0].pt, 111);
    assert_int_equal(said.media[1].n_codecs, 5);
    assert_true(sdp_codec_has_fb(&said.media[1].codecs[0], "nack pli"));

    assert_int_equal(neg_accept(&offered, load("chromium_answer"), &sub, &error), 0);
    assert_int_equal(v->n_codecs, 5);
    neg_map(&pub.media[SDP_VIDEO], v, &map);
    assert_int_equal(map.pt[96], 96);
    assert_int_equal(map.pt[102], 98);
    assert_int_equal(map.pt[98], 102);
    assert_int_equal(map.ext[13], 2);
    assert_int_equal(sub.fingerprint_len, 32);
    assert_true(strlen(sub.ufrag) >= 4);

    assert_int_equal(neg_accept(&offered, load("firefox_answer"), &sub, &error), 0);
    neg_map(&pub.media[SDP_VIDEO], v, &map);
    assert_int_equal(map.pt[96], 96);
    assert_int_equal(map.pt[102], 0);

    local.forced_codec = "H264"; /* Firefox refuses the video, takes the audio */
    assert_int_equal(offer(), 0);
    assert_int_equal(neg_accept(&offered, load("firefox_answer_no_h264"), &sub, &error), 0);
    assert_true(sub.media[SDP_AUDIO].active);
    assert_false(v->active);
}

static void offer_with_everything(void **state)
{
    static const char *const names[] = {"chromium_answer_all", "firefox_answer_all"};
    const struct neg_media *v = &sub.media[SDP_VIDEO];

    (void) state;
    local.rtx = local.twcc = local.remb = local.abs_send_time = true;
    publish("chromium_publish");
    assert_int_equal(offer(), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(neg_accept(&offered, load(names[i]), &sub, &error), 0);
        assert_int_equal(v->codecs[0].pt, 96);
        assert_int_equal(v->codecs[0].rtx_pt, 97);
        assert_true(v->codecs[0].fb & NEG_FB_TRANSPORT_CC);
        assert_int_equal(v->ext_id[NEG_EXT_TRANSPORT_CC], NEG_EXT_TRANSPORT_CC + 1);
        assert_int_equal(v->ext_id[NEG_EXT_ABS_SEND_TIME], NEG_EXT_ABS_SEND_TIME + 1);
    }
}

static void answers_that_do_not_fit(void **state)
{
    (void) state;
    publish("chromium_publish");
    assert_int_equal(offer(), 0);
    assert_error(
        neg_accept(&offered, load_with("chromium_answer", "a=mid:1", "a=mid:2"), &sub, &error),
        MEDIA_ERR_SDP, "are not the offer's");
    assert_error(neg_accept(&offered, load("chromium_data"), &sub, &error), MEDIA_ERR_SDP,
                 "setup:active");
    assert_error(neg_accept(&offered, load_with("chromium_answer", "setup:active", "setup:passive"),
                            &sub, &error),
                 MEDIA_ERR_SDP, "setup:active");
    assert_error(neg_accept(&offered, load_with("chromium_answer", "a=recvonly", "a=inactive"),
                            &sub, &error),
                 MEDIA_ERR_SDP, "takes nothing");
    assert_error(neg_accept(&offered, load_with("chromium_answer", "a=group:BUNDLE 0 1\r\n", ""),
                            &sub, &error),
                 MEDIA_ERR_SDP, "does not bundle");
    assert_error(
        neg_accept(&offered, load_with("chromium_answer", "a=fingerprint", "a=x"), &sub, &error),
        MEDIA_ERR_SDP, "fingerprint");
    assert_error(neg_accept(&offered, bytes_str("nonsense"), &sub, &error), MEDIA_ERR_SDP,
                 "malformed at line 1");
    publish("chromium_publish_audio");
    assert_int_equal(offer(), 0);
    assert_error(neg_accept(&offered, load("chromium_answer"), &sub, &error), MEDIA_ERR_SDP,
                 "more m-lines");
    memset(&pub, 0, sizeof(pub));
    assert_error(offer(), MEDIA_ERR_SDP, "neither audio nor video");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(publisher_chromium, setup),
        cmocka_unit_test_setup(publisher_with_everything, setup),
        cmocka_unit_test_setup(publisher_firefox, setup),
        cmocka_unit_test_setup(publisher_of_one_kind, setup),
        cmocka_unit_test_setup(publisher_simulcast_and_max_bundle, setup),
        cmocka_unit_test_setup(publisher_loopback, setup),
        cmocka_unit_test_setup(data_channels_and_strays_are_rejected, setup),
        cmocka_unit_test_setup(a_second_line_of_a_kind_is_rejected, setup),
        cmocka_unit_test_setup(unusable_offers, setup),
        cmocka_unit_test_setup(without_mid, setup),
        cmocka_unit_test_setup(hostile_numbers, setup),
        cmocka_unit_test_setup(forced_codec, setup),
        cmocka_unit_test_setup(h264_profiles, setup),
        cmocka_unit_test_setup(subscriber_firefox_of_chromium, setup),
        cmocka_unit_test_setup(subscriber_chromium_of_firefox, setup),
        cmocka_unit_test_setup(subscriber_of_what_is_not_there, setup),
        cmocka_unit_test_setup(publisher_replaced, setup),
        cmocka_unit_test_setup(offer_and_answers, setup),
        cmocka_unit_test_setup(offer_with_everything, setup),
        cmocka_unit_test_setup(answers_that_do_not_fit, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
