/* negotiate_ext.c: RTP header extensions (RFC 8285): which, and under which ids. */
#include "media/negotiate_parts.h"

static const char *const uris[NEG_EXT_COUNT] = {
    [NEG_EXT_AUDIO_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    [NEG_EXT_VIDEO_ORIENTATION] = "urn:3gpp:video-orientation",
    [NEG_EXT_PLAYOUT_DELAY] = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    [NEG_EXT_VIDEO_CONTENT_TYPE] =
        "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    [NEG_EXT_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
    [NEG_EXT_ABS_SEND_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    [NEG_EXT_TRANSPORT_CC] =
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
};

static bool id_taken(const struct neg_media *m, uint8_t id)
{
    for (unsigned e = 0; e < NEG_EXT_COUNT; e++)
        if (m->ext_id[e] == id)
            return true;
    return false;
}

void neg_exts_take(const struct sdp_media *m, const struct neg_terms *t, bool peer_sends,
                   struct neg_media *ret)
{
    enum sdp_direction usable = peer_sends ? SDP_SENDONLY : SDP_RECVONLY;

    for (unsigned i = 0; i < m->n_exts; i++) {
        const struct sdp_ext *x = &m->exts[i];

        if (x->id > NEG_EXT_ID_MAX || id_taken(ret, x->id) ||
            (x->direction != SDP_SENDRECV && x->direction != usable))
            continue;
        for (unsigned e = 0; e < NEG_EXT_COUNT; e++)
            if ((t->exts & 1u << e) && ret->ext_id[e] == 0 && bytes_eq_str(x->uri, uris[e]))
                ret->ext_id[e] = x->id;
    }
}

static enum sdp_direction offered_direction(const struct sdp_media *offered, uint8_t id)
{
    for (unsigned i = 0; offered && i < offered->n_exts; i++)
        if (offered->exts[i].id == id)
            return offered->exts[i].direction;
    return SDP_SENDRECV;
}

void neg_exts_put(const struct neg_media *from, const struct sdp_media *offered,
                  struct sdp_media *to)
{
    for (unsigned e = 0; e < NEG_EXT_COUNT; e++) {
        uint8_t id = from->ext_id[e];

        if (id == 0)
            continue;
        to->exts[to->n_exts++] = (struct sdp_ext){
            .id = id,
            .direction = sdp_direction_reversed(offered_direction(offered, id)),
            .uri = bytes_str(uris[e]),
        };
    }
}
