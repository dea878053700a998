/* media_peers.h: what peers of the media daemon, or of a worker of it, have in common: numbers that
 * browsers choose, what they offer, send, and wait for. */
#pragma once

#include "vp8_frames.h"
#include "webrtc_client.h"

#include "tests/lib/chance.h"

#define AUDIO_SSRC 1000u
#define VIDEO_SSRC 2000u
#define REMBS_MAX 10 /* until it is the right one; it is repeated */

static const struct wc_numbers alice = {111, 96, 97, 1, 13}; /* Chromium's */
static const struct wc_numbers bob = {109, 120, 124, 2, 5};  /* Firefox's, nearly */

/* Free it. */
static inline char *publisher_offer(const struct wc *c, const char *direction)
{
    return wc_describe(c, &alice, "actpass", direction, AUDIO_SSRC, VIDEO_SSRC);
}

/* Free it. */
static inline char *subscriber_offer(const struct wc *c)
{
    return wc_describe(c, &bob, "actpass", "recvonly", 0, 0);
}

static inline struct rtp video_header(uint16_t seq)
{
    return (struct rtp){
        .marker = true, .pt = 96, .seq = seq, .ts = 3000u * seq, .ssrc = VIDEO_SSRC};
}

static inline void send_video(struct wc *pub, uint16_t seq, bool key)
{
    struct rtp h = video_header(seq);
    uint8_t orientation = 2;
    struct rtp_ext ext = {.id = 13, .value = bytes_of(&orientation, 1)};

    wc_send_rtp(pub, &h, &ext, 1,
                key ? bytes_of(key_frame, sizeof(key_frame))
                    : bytes_of(delta_frame, sizeof(delta_frame)));
}

/* A sender whom nobody has spoken with. */
static inline struct srtp_transport *wrong_keys(struct chance *dice, enum srtp_profile_id profile)
{
    bool gcm = profile == SRTP_ID_AEAD_AES_128_GCM;
    struct dtls_keys keys = {.profile = profile, .salt_len = gcm ? 12 : 14};
    struct srtp_transport *s;

    chance_bytes(dice, keys.client_key, sizeof(keys.client_key));
    chance_bytes(dice, keys.server_key, sizeof(keys.server_key));
    assert_int_equal(srtp_transport_new(&keys, &s), 0);
    return s;
}

static inline void assert_payload(const struct rtp *p, const void *data, size_t len)
{
    assert_int_equal(p->payload.len, len);
    assert_memory_equal(p->payload.p, data, len);
}

static inline void expect_nothing(struct wc *c)
{
    uint8_t buf[2048];
    struct rtp p;

    assert_false(wc_receive_rtp(c, WC_QUIET_MS, buf, sizeof(buf), &p));
}

static inline void expect_remb(struct wc *pub, uint64_t wanted)
{
    uint8_t buf[2048];
    uint64_t bps = 0;
    struct rtcp p;

    for (unsigned i = 0; i < REMBS_MAX && bps != wanted; i++) {
        if (!wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_PSFB, RTCP_FMT_AFB, &p))
            fail_msg("no REMB any more; the last was of %llu bit/s", (unsigned long long) bps);
        assert_int_equal(rtcp_remb(&p, &bps), 0);
    }
    if (bps != wanted)
        fail_msg("asked for %llu bit/s, not %llu", (unsigned long long) bps,
                 (unsigned long long) wanted);
}

static inline void expect_pli(struct wc *pub)
{
    uint8_t buf[2048];
    struct rtcp p;

    assert_true(wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_PSFB, RTCP_FMT_PLI, &p));
    assert_int_equal(p.media_ssrc, VIDEO_SSRC);
}
