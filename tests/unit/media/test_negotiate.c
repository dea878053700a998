/* What publishers offer, and what is answered. */
#include "negotiate_kit.h"

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
    assert_int_equal(said.media[0].n_codecs, 2); /* Opus first, or Chromium would send RED */
    assert_text(said.media[0].codecs[0].name, "opus");
    assert_text(said.media[0].codecs[1].name, "red");
    assert_text(said.media[0].codecs[1].fmtp, "111/111");
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

/* Every block must be the one Opus. */
static void red_of_something_else(void **state)
{
    static const char *const fmtps[] = {"", "111/", "111/63", "111/9", "x", "111//111", "128"};
    char line[64];

    (void) state;
    publish("chromium_publish_audio");
    assert_int_equal(pub.media[SDP_AUDIO].n_codecs, 2);
    assert_int_equal(pub.media[SDP_AUDIO].codecs[1].codec, RTP_CODEC_RED);
    for (size_t i = 0; i < sizeof(fmtps) / sizeof(fmtps[0]); i++) {
        snprintf(line, sizeof(line), "a=fmtp:63 %s", fmtps[i]);
        assert_int_equal(
            publish_text(load_with("chromium_publish_audio", "a=fmtp:63 111/111", line)), 0);
        assert_int_equal(pub.media[SDP_AUDIO].n_codecs, strcmp(fmtps[i], "111/") == 0 ? 2 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(publisher_chromium, setup),
        cmocka_unit_test_setup(publisher_with_everything, setup),
        cmocka_unit_test_setup(red_of_something_else, setup),
        cmocka_unit_test_setup(publisher_firefox, setup),
        cmocka_unit_test_setup(publisher_of_one_kind, setup),
        cmocka_unit_test_setup(publisher_simulcast_and_max_bundle, setup),
        cmocka_unit_test_setup(publisher_loopback, setup),
        cmocka_unit_test_setup(data_channels_and_strays_are_rejected, setup),
        cmocka_unit_test_setup(a_second_line_of_a_kind_is_rejected, setup),
        cmocka_unit_test_setup(unusable_offers, setup),
        cmocka_unit_test_setup(without_mid, setup),
        cmocka_unit_test_setup(hostile_numbers, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
