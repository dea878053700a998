/* sdp_encode.c: the writing half of sdp.h. */
#include "codec/sdp.h"

/* "<prefix><value>" as a line. */
static void put(struct wr *w, const char *prefix, struct bytes value)
{
    wr_str(w, prefix);
    wr_bytes(w, value);
    wr_str(w, "\r\n");
}

static void put_if_any(struct wr *w, const char *prefix, struct bytes value)
{
    if (value.len)
        put(w, prefix, value);
}

static void put_if(struct wr *w, bool condition, const char *line)
{
    if (condition)
        put(w, line, bytes_str(NULL));
}

static void put_session(struct wr *w, const struct sdp *s)
{
    wr_fmt(w, "v=0\r\no=- %llu %llu IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
           (unsigned long long) s->session_id, (unsigned long long) s->session_version);
    if (s->n_bundle) {
        wr_str(w, "a=group:BUNDLE");
        for (unsigned i = 0; i < s->n_bundle; i++) {
            wr_str(w, " ");
            wr_bytes(w, s->bundle[i]);
        }
        wr_str(w, "\r\n");
    }
    put_if(w, s->ice_lite, "a=ice-lite");
    put_if(w, s->extmap_allow_mixed, "a=extmap-allow-mixed");
    put_if_any(w, "a=msid-semantic:", s->msid_semantic);
}

static void put_media_line(struct wr *w, const struct sdp_media *m)
{
    static const char *const kinds[] = {
        [SDP_AUDIO] = "audio", [SDP_VIDEO] = "video", [SDP_APPLICATION] = "application"};

    wr_str(w, "m=");
    wr_bytes(w, m->kind == SDP_OTHER ? m->kind_name : bytes_str(kinds[m->kind]));
    wr_fmt(w, " %u ", m->port);
    wr_bytes(w, m->proto);
    for (unsigned i = 0; i < m->n_codecs; i++)
        wr_fmt(w, " %u", m->codecs[i].pt);
    if (m->n_codecs == 0) {
        wr_str(w, " ");
        wr_bytes(w, m->formats);
    }
    wr_str(w, "\r\nc=IN IP4 0.0.0.0\r\n");
}

static void put_transport(struct wr *w, const struct sdp_media *m)
{
    static const char *const setups[] = {
        [SDP_ACTPASS] = "actpass",
        [SDP_ACTIVE] = "active",
        [SDP_PASSIVE] = "passive",
        [SDP_HOLDCONN] = "holdconn",
    };

    for (unsigned i = 0; i < m->n_candidates; i++)
        put(w, "a=candidate:", m->candidates[i]);
    put_if(w, m->end_of_candidates, "a=end-of-candidates");
    put_if_any(w, "a=ice-ufrag:", m->ufrag);
    put_if_any(w, "a=ice-pwd:", m->pwd);
    if (m->fingerprint.hash.len) {
        wr_str(w, "a=fingerprint:");
        wr_bytes(w, m->fingerprint.hash);
        put(w, " ", m->fingerprint.value);
    }
    if (m->setup != SDP_SETUP_NONE)
        put(w, "a=setup:", bytes_str(setups[m->setup]));
}

static void put_ext(struct wr *w, const struct sdp_ext *e)
{
    wr_fmt(w, "a=extmap:%u", e->id);
    if (e->direction != SDP_SENDRECV)
        wr_fmt(w, "/%s", sdp_direction_name(e->direction));
    put(w, " ", e->uri);
}

static void put_codec(struct wr *w, const struct sdp_codec *c)
{
    if (c->clock_hz) {
        wr_fmt(w, "a=rtpmap:%u ", c->pt);
        wr_bytes(w, c->name);
        wr_fmt(w, "/%u", c->clock_hz);
        if (c->channels)
            wr_fmt(w, "/%u", c->channels);
        wr_str(w, "\r\n");
    }
    for (unsigned i = 0; i < c->n_fb; i++) {
        wr_fmt(w, "a=rtcp-fb:%u ", c->pt);
        put(w, "", c->fb[i]);
    }
    if (c->fmtp.len) {
        wr_fmt(w, "a=fmtp:%u ", c->pt);
        put(w, "", c->fmtp);
    }
}

static void put_rids(struct wr *w, const struct sdp_media *m)
{
    if (m->n_rids == 0)
        return;
    for (unsigned i = 0; i < m->n_rids; i++) {
        wr_str(w, "a=rid:");
        wr_bytes(w, m->rids[i]);
        wr_str(w, " send\r\n");
    }
    wr_str(w, "a=simulcast:send ");
    for (unsigned i = 0; i < m->n_rids; i++) {
        wr_str(w, i ? ";" : "");
        wr_bytes(w, m->rids[i]);
    }
    wr_str(w, "\r\n");
}

static void put_ssrc_attributes(struct wr *w, uint32_t ssrc, const struct sdp_ssrc *s)
{
    /* A line for every SSRC, so that none is lost when nothing else is known of it. */
    wr_fmt(w, "a=ssrc:%u ", ssrc);
    put(w, "cname:", s->cname);
    if (s->msid.len) {
        wr_fmt(w, "a=ssrc:%u ", ssrc);
        put(w, "msid:", s->msid);
    }
}

static void put_ssrc(struct wr *w, const struct sdp_ssrc *s)
{
    if (s->rtx)
        wr_fmt(w, "a=ssrc-group:FID %u %u\r\n", s->ssrc, s->rtx);
    put_ssrc_attributes(w, s->ssrc, s);
    if (s->rtx)
        put_ssrc_attributes(w, s->rtx, s);
}

static void put_media(struct wr *w, const struct sdp_media *m)
{
    put_media_line(w, m);
    put_transport(w, m);
    put_if_any(w, "a=mid:", m->mid);
    put_if(w, m->bundle_only, "a=bundle-only");
    put_if(w, m->extmap_allow_mixed, "a=extmap-allow-mixed");
    for (unsigned i = 0; i < m->n_exts; i++)
        put_ext(w, &m->exts[i]);
    put(w, "a=", bytes_str(sdp_direction_name(m->direction)));
    put_if_any(w, "a=msid:", m->msid);
    put_if(w, m->rtcp_mux, "a=rtcp-mux");
    put_if(w, m->rtcp_rsize, "a=rtcp-rsize");
    for (unsigned i = 0; i < m->n_codecs; i++)
        put_codec(w, &m->codecs[i]);
    put_rids(w, m);
    for (unsigned i = 0; i < m->n_ssrcs; i++)
        put_ssrc(w, &m->ssrcs[i]);
}

int sdp_encode(const struct sdp *s, char *buf, size_t cap, size_t *ret_len)
{
    struct wr w = wr_init(buf, cap);

    put_session(&w, s);
    for (unsigned i = 0; i < s->n_media; i++)
        put_media(&w, &s->media[i]);
    return wr_finish(&w, ret_len);
}
