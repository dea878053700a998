/* What strangers, and peers out of order, send to a worker beside a stream: nothing that is kept
 * changes. */
#include "media_scene.h"

#include "tests/unit/rtc/dtls_attacks.h"

static struct chance dice;

/* ---- media ---- */

static size_t seal_rtp(struct srtp_transport *keys, const struct rtp *h, uint8_t buf[static 1500])
{
    struct wr w = wr_init(buf, 1400);
    struct srtp_sender *st;
    size_t header_len, len;

    assert_int_equal(srtp_transport_add_sender(keys, h->ssrc, &st), 0);
    rtp_put_header(&w, h, NULL, 0, false);
    header_len = wr_len(&w);
    wr_bytes(&w, bytes_of(key_frame, sizeof(key_frame)));
    assert_int_equal(
        srtp_sender_protect(st, bytes_of(buf, wr_len(&w)), header_len, buf, 1500, &len), 0);
    return len;
}

static void wrong_keys_change_nothing(void **state)
{
    static const enum srtp_profile_id profiles[] = {SRTP_ID_AEAD_AES_128_GCM,
                                                    SRTP_ID_AES128_CM_SHA1_80};
    static const uint32_t ssrcs[] = {VIDEO_SSRC, VIDEO_SSRC + 1, AUDIO_SSRC, 77};
    static const uint8_t pts[] = {96, 97, 111, 35};
    struct scene s;
    uint8_t buf[1500];

    (void) state;
    begin(&s);
    for (unsigned i = 0; i < 500; i++) {
        struct srtp_transport *keys = wrong_keys(&dice, profiles[i % 2]);
        struct rtp h = video_header((uint16_t) (s.seq + 1 + chance_below(&dice, 40000)));
        size_t len;

        h.ssrc = ssrcs[i / 2 % 4];
        h.pt = pts[i / 8 % 4];
        len = seal_rtp(keys, &h, buf);
        inject(&s.pub_at, buf, len);
        inject(&s.sub_at, buf, len);
        srtp_transport_free(keys);
    }
    assert_unchanged();
    expect_unharmed(&s);
    end(&s);
}

static void replays_change_nothing(void **state)
{
    struct scene s;
    uint8_t kept[5][1500];
    size_t len[5];

    (void) state;
    begin(&s);
    for (unsigned i = 0; i < 5; i++) {
        send_next(&s);
        memcpy(kept[i], s.sent, s.sent_len);
        len[i] = s.sent_len;
        expect_one(&s);
    }
    deliver();
    look(&before_);
    for (unsigned i = 0; i < 50; i++)
        inject(&s.pub_at, kept[i % 5], len[i % 5]);
    assert_unchanged();
    expect_unharmed(&s);
    end(&s);
}

/* The next packet, cut short at each length and with each bit turned; then it comes itself. */
static void spoilt_packets_change_nothing(void **state)
{
    struct scene s;
    struct rtp h;
    uint8_t good[1500], bad[1500];
    size_t len;

    (void) state;
    begin(&s);
    h = video_header(++s.seq);
    len = wc_make_rtp(s.pub, &h, NULL, 0, bytes_of(delta_frame, sizeof(delta_frame)), good);
    for (size_t n = 1; n < len; n++)
        inject(&s.pub_at, good, n);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        memcpy(bad, good, len);
        bad[bit / 8] ^= (uint8_t) (1 << bit % 8);
        if (bad[0] >= 4) /* not STUN then: that is another matter */
            inject(&s.pub_at, bad, len);
    }
    assert_unchanged();
    send_from(s.pub->fd, good, len);
    expect_one(&s);
    expect_unharmed(&s);
    end(&s);
}

static void bad_reports_change_nothing(void **state)
{
    struct srtp_transport *keys = wrong_keys(&dice, SRTP_ID_AEAD_AES_128_GCM);
    struct scene s;
    uint8_t buf[1500], bad[1500];
    uint32_t about;
    size_t len;

    (void) state;
    begin(&s);
    about = the_subscriber("a")->tracks[SDP_VIDEO].ssrc;
    for (unsigned i = 0; i < 200; i++) {
        len = make_feedback(keys, i % 2 ? about : VIDEO_SSRC, buf);
        inject(&s.sub_at, buf, len);
        inject(&s.pub_at, buf, len);
    }
    assert_unchanged();

    len = make_feedback(s.sub->srtp, about, buf); /* authentic: once */
    for (size_t n = 1; n < len; n++)
        inject(&s.sub_at, buf, n);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        memcpy(bad, buf, len);
        bad[bit / 8] ^= (uint8_t) (1 << bit % 8);
        if (bad[0] >= 4)
            inject(&s.sub_at, bad, len);
    }
    assert_unchanged();
    inject(&s.sub_at, buf, len);
    assert_int_equal(the_subscriber("a")->remb_bps, 30000);
    deliver();
    look(&before_);
    for (unsigned i = 0; i < 20; i++)
        inject(&s.sub_at, buf, len);
    assert_unchanged();
    expect_unharmed(&s);
    srtp_transport_free(keys);
    end(&s);
}

/* Authentic packets of a kind that was not negotiated take an index, and nothing else. */
static void unknown_payload_types_reach_nobody(void **state)
{
    struct scene s;
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    begin(&s);
    for (uint8_t pt = 0; pt < 128; pt++) {
        struct rtp h = video_header(++s.seq);

        if ((pt >= 64 && pt < 96) || pt == 96 || pt == 97 || pt == 111)
            continue; /* RTCP by RFC 5761, or known */
        h.pt = pt;
        wc_send_rtp(s.pub, &h, NULL, 0, bytes_of(key_frame, sizeof(key_frame)));
    }
    deliver();
    assert_false(wc_receive_rtp(s.sub, 50, buf, sizeof(buf), &p));
    assert_int_equal((uint16_t) the_publisher("s")->tracks[SDP_VIDEO].reception.highest, 130);
    end(&s);
}

/* ---- other addresses ---- */

/* What would be welcome from the right one. */
static void unchecked_addresses_change_nothing(void **state)
{
    struct scene s;
    struct rtp h;
    uint8_t media[1500], report[1500];
    size_t media_len, report_len;
    struct attack *attacks = calloc(ATTACKS_MAX, sizeof(*attacks));
    size_t n = attacks_make(attacks);

    (void) state;
    begin(&s);
    h = video_header(++s.seq);
    media_len = wc_make_rtp(s.pub, &h, NULL, 0, bytes_of(delta_frame, sizeof(delta_frame)), media);
    report_len = make_feedback(s.sub->srtp, the_subscriber("a")->tracks[SDP_VIDEO].ssrc, report);
    for (unsigned i = 0; i < 10; i++) {
        inject(&s.stranger_at, media, media_len);
        inject(&s.stranger_at, report, report_len);
        inject(&s.sub_at, media, media_len); /* of a session, and not of this one */
        inject(&s.pub_at, report, report_len);
    }
    for (size_t i = 0; i < n; i++)
        inject(&s.stranger_at, attacks[i].parts[0].data, attacks[i].parts[0].len);
    assert_unchanged();
    send_from(s.pub->fd, media, media_len);
    expect_one(&s);
    send_from(s.sub->fd, report, report_len);
    for (unsigned i = 0; i < WC_WAIT_MS && the_subscriber("a")->remb_bps != 30000; i++)
        pump();
    assert_int_equal(the_subscriber("a")->remb_bps, 30000);
    expect_unharmed(&s);
    free(attacks);
    end(&s);
}

/* From the right address or another: a guessed password, another's, a response, an indication. */
static void forged_checks_change_nothing(void **state)
{
    struct scene s;
    uint8_t buf[200];
    const struct ice_lite *ice, *other;
    size_t len;

    (void) state;
    begin(&s);
    ice = &the_publisher("s")->transport->ice;
    other = &the_subscriber("a")->transport->ice;
    for (unsigned i = 0; i < 8; i++) {
        const struct addr *from = i % 2 ? &s.pub_at : &s.stranger_at;

        len = make_check(ice->ufrag, i & 4 ? other->pwd : "a-guess-of-the-password", STUN_REQUEST,
                         buf);
        inject(from, buf, len);
        len = make_check("nobodysufrag", ice->pwd, STUN_REQUEST, buf);
        inject(from, buf, len);
        len = make_check(ice->ufrag, ice->pwd, i & 2 ? STUN_SUCCESS : STUN_INDICATION, buf);
        inject(from, buf, len);
        len = make_check(ice->ufrag, ice->pwd, STUN_REQUEST, buf);
        for (size_t n = 1; n < len; n++)
            inject(from, buf, n);
        buf[30] ^= 1;
        inject(from, buf, len);
    }
    assert_unchanged();
    expect_unharmed(&s);
    end(&s);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wrong_keys_change_nothing),          TEST(replays_change_nothing),
        TEST(spoilt_packets_change_nothing),      TEST(bad_reports_change_nothing),
        TEST(unknown_payload_types_reach_nobody), TEST(unchecked_addresses_change_nothing),
        TEST(forged_checks_change_nothing),
    };

    chance_init(&dice);
    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
