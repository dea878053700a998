/* Subscribers that offer or answer, and the codecs that both ends may use. */
#include "negotiate_kit.h"

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

/* To who knows it as it is; to others, or where Opus has another payload type, as Opus. */
static void redundant_audio(void **state)
{
    const struct neg_media *a = &pub.media[SDP_AUDIO];

    (void) state;
    publish("chromium_publish");
    subscribe("chromium_subscribe");
    neg_map(a, &sub.media[SDP_AUDIO], &map);
    assert_int_equal(map.pt[111], 111);
    assert_int_equal(map.pt[63], 63);
    assert_int_equal(map.unwraps, 0);

    assert_int_equal(offer(), 0);
    neg_map(a, &offered.media[SDP_AUDIO], &map);
    assert_int_equal(map.pt[63], 112);
    assert_text(said.media[0].codecs[1].name, "red");
    assert_text(said.media[0].codecs[1].fmtp, "111/111");

    subscribe("firefox_subscribe");
    neg_map(a, &sub.media[SDP_AUDIO], &map);
    assert_int_equal(map.pt[63], 109);
    assert_int_equal(map.unwraps, 63);

    publish("firefox_publish");
    subscribe("chromium_subscribe");
    neg_map(a, &sub.media[SDP_AUDIO], &map);
    assert_int_equal(map.pt[63], 0);
    assert_int_equal(map.unwraps, 0);
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
        cmocka_unit_test_setup(forced_codec, setup),
        cmocka_unit_test_setup(redundant_audio, setup),
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
