/* rtc_peer_sdp.c: the peer's session descriptions, in the shape of a browser's. */
#include "client/rtc_peer_internal.h"

#include "base/rnd.h"

#include <stdio.h>
#include <stdlib.h>

#define URI_LEVEL "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define URI_TIME "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
#define URI_TWCC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define URI_MID "urn:ietf:params:rtp-hdrext:sdes:mid"

/* The payload types of an offer; an answer takes those of the other side. */
enum { PT_OPUS = 111, PT_VP8 = 96, PT_RTX = 97 };

static const char *const codec_names[RTC_KINDS] = {[SDP_AUDIO] = "opus", [SDP_VIDEO] = "VP8"};

/* ---- writing ---- */

/* Our end, and its candidates as text. */
struct own_end {
    struct ice_description ice;
    char candidates[ICE_CANDIDATES_MAX][SDP_CANDIDATE_TEXT_SIZE];
};

static void describe_own(const struct rtc_peer *p, struct own_end *ret)
{
    ice_describe(p->ice, &ret->ice);
    for (unsigned i = 0; i < ret->ice.n_candidates; i++) {
        struct wr w = wr_init(ret->candidates[i], SDP_CANDIDATE_TEXT_SIZE - 1);

        sdp_candidate_put(&ret->ice.candidates[i], &w);
        ret->candidates[i][wr_len(&w)] = '\0';
    }
}

static void put_codecs(const struct rtc_line *line, enum sdp_kind kind, struct sdp_media *m,
                       char rtx_fmtp[static 16])
{
    static const struct sdp_codec opus = {
        .channels = 2,
        .clock_hz = 48000,
        .name = {(const uint8_t *) "opus", 4},
        .fmtp = {(const uint8_t *) "minptime=10;useinbandfec=1", 26},
        .fb = {{(const uint8_t *) "transport-cc", 12}},
        .n_fb = 1};
    static const char *const feedback[] = {"goog-remb", "transport-cc", "ccm fir", "nack",
                                           "nack pli"};
    struct sdp_codec *c = &m->codecs[m->n_codecs++];

    if (kind == SDP_AUDIO) {
        *c = opus;
        c->pt = line->pt;
        return;
    }
    *c = (struct sdp_codec){.pt = line->pt, .clock_hz = 90000, .name = bytes_str("VP8")};
    for (size_t i = 0; i < sizeof(feedback) / sizeof(feedback[0]); i++)
        c->fb[c->n_fb++] = bytes_str(feedback[i]);
    if (line->rtx_pt == 0)
        return;
    snprintf(rtx_fmtp, 16, "apt=%u", line->pt);
    m->codecs[m->n_codecs++] = (struct sdp_codec){.pt = line->rtx_pt,
                                                  .clock_hz = 90000,
                                                  .name = bytes_str("rtx"),
                                                  .fmtp = bytes_str(rtx_fmtp)};
}

static void put_ext(struct sdp_media *m, uint8_t id, const char *uri)
{
    if (id)
        m->exts[m->n_exts++] = (struct sdp_ext){.id = id, .uri = bytes_str(uri)};
}

static bool sends(enum sdp_direction d)
{
    return d == SDP_SENDRECV || d == SDP_SENDONLY;
}

static void put_line(const struct rtc_peer *p, const struct own_end *own, enum sdp_kind kind,
                     char rtx_fmtp[static 16], struct sdp_media *m)
{
    const struct rtc_line *line = &p->lines[kind];

    m->kind = kind;
    m->port = 9;
    m->proto = bytes_str("UDP/TLS/RTP/SAVPF");
    m->mid = bytes_str(line->mid);
    m->rtcp_mux = true;
    m->rtcp_rsize = kind == SDP_VIDEO;
    m->ufrag = bytes_str(own->ice.ufrag);
    m->pwd = bytes_str(own->ice.pwd);
    for (unsigned i = 0; i < own->ice.n_candidates && i < SDP_CANDIDATE_MAX; i++)
        m->candidates[m->n_candidates++] = bytes_str(own->candidates[i]);
    m->end_of_candidates = own->ice.n_candidates > 0;
    m->fingerprint.hash = bytes_str("sha-256");
    m->fingerprint.value = bytes_str(dtls_identity_fingerprint(p->hub->identity));
    put_ext(m, line->level_ext, URI_LEVEL);
    put_ext(m, line->time_ext, URI_TIME);
    put_ext(m, line->twcc_ext, URI_TWCC);
    put_ext(m, line->mid_ext, URI_MID);
    put_codecs(line, kind, m, rtx_fmtp);
    if (!sends(m->direction))
        return;
    m->msid = bytes_str("stream track");
    m->ssrcs[m->n_ssrcs++] = (struct sdp_ssrc){.ssrc = line->ssrc,
                                               .cname = bytes_str("peer"),
                                               .msid = m->msid,
                                               .rtx = line->rtx_pt ? line->rtx_ssrc : 0};
}

static int write_text(const struct sdp *s, char *buf, size_t cap)
{
    size_t len;
    int r = cap ? sdp_encode(s, buf, cap - 1, &len) : -ENOSPC;

    if (r == 0)
        buf[len] = '\0';
    return r;
}

/* The lines as an offer has them. */
static void propose(struct rtc_peer *p)
{
    unsigned n = 0;

    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        struct rtc_line *line = &p->lines[kind];

        line->active = kind == SDP_AUDIO ? p->config.audio : p->config.video;
        if (!line->active)
            continue;
        snprintf(line->mid, sizeof(line->mid), "%u", n++);
        line->pt = kind == SDP_AUDIO ? PT_OPUS : PT_VP8;
        line->rtx_pt = kind == SDP_AUDIO ? 0 : PT_RTX;
        line->level_ext = kind == SDP_AUDIO ? 1 : 0;
        line->time_ext = 2;
        line->twcc_ext = 3;
        line->mid_ext = 4;
    }
}

int rtc_sdp_offer(struct rtc_peer *p, char *buf, size_t cap)
{
    struct sdp *s = calloc(1, sizeof(*s));
    struct own_end own;
    char rtx_fmtp[16];
    int r;

    if (!s)
        return -ENOMEM;
    propose(p);
    describe_own(p, &own);
    s->session_id = rnd_u64() >> 1;
    s->session_version = 2;
    s->msid_semantic = bytes_str("WMS stream");
    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        struct sdp_media *m = &s->media[s->n_media];

        if (!p->lines[kind].active)
            continue;
        m->direction = p->config.direction;
        m->setup = SDP_ACTPASS;
        put_line(p, &own, (enum sdp_kind) kind, rtx_fmtp, m);
        s->bundle[s->n_bundle++] = m->mid;
        s->n_media++;
    }
    r = write_text(s, buf, cap);
    free(s);
    return r;
}

/* ---- reading ---- */

static int copy_text(struct bytes from, char *to, size_t cap)
{
    if (from.len == 0 || from.len >= cap)
        return -EBADMSG;
    memcpy(to, from.p, from.len);
    to[from.len] = '\0';
    return 0;
}

static void take_exts(const struct sdp_media *m, struct rtc_line *line)
{
    line->level_ext = line->time_ext = line->twcc_ext = line->mid_ext = 0;
    for (unsigned i = 0; i < m->n_exts; i++) {
        const struct sdp_ext *e = &m->exts[i];

        if (bytes_eq_str(e->uri, URI_LEVEL))
            line->level_ext = e->id;
        else if (bytes_eq_str(e->uri, URI_TIME))
            line->time_ext = e->id;
        else if (bytes_eq_str(e->uri, URI_TWCC))
            line->twcc_ext = e->id;
        else if (bytes_eq_str(e->uri, URI_MID))
            line->mid_ext = e->id;
    }
}

static void take_line(struct rtc_peer *p, const struct sdp_media *m)
{
    struct rtc_line *line = &p->lines[m->kind];
    const struct sdp_codec *rtx;

    for (unsigned i = 0; m->port && !line->active && i < m->n_codecs; i++) {
        const struct sdp_codec *c = &m->codecs[i];

        if (!bytes_caseeq_str(c->name, codec_names[m->kind]) ||
            copy_text(m->mid, line->mid, sizeof(line->mid)) < 0)
            continue;
        line->active = true;
        line->pt = c->pt;
        rtx = sdp_find_rtx(m, c->pt);
        line->rtx_pt = rtx ? rtx->pt : 0;
        take_exts(m, line);
    }
}

static void take_candidates(const struct sdp_media *m, struct ice_description *ret)
{
    ret->n_candidates = 0;
    for (unsigned i = 0; i < m->n_candidates && ret->n_candidates < ICE_CANDIDATES_MAX; i++) {
        struct sdp_candidate *c = &ret->candidates[ret->n_candidates];

        if (sdp_candidate_decode(m->candidates[i], c) < 0)
            continue;
        c->ufrag = bytes_of(NULL, 0); /* the text does not last */
        ret->n_candidates++;
    }
}

/* All lines share the transport of the first. */
static int take_transport(struct rtc_peer *p, const struct sdp_media *m,
                          struct ice_description *ret)
{
    size_t len;
    int r = copy_text(m->ufrag, ret->ufrag, sizeof(ret->ufrag));

    if (r == 0)
        r = copy_text(m->pwd, ret->pwd, sizeof(ret->pwd));
    if (r < 0)
        return r;
    if (!bytes_caseeq_str(m->fingerprint.hash, "sha-256"))
        return -ENOTSUP;
    p->dtls_client = m->setup != SDP_ACTIVE;
    take_candidates(m, ret);
    return sdp_fingerprint_bytes(&m->fingerprint, p->fingerprint, sizeof(p->fingerprint), &len);
}

static int take(struct rtc_peer *p, const struct sdp *s, struct ice_description *ret)
{
    const struct sdp_media *first = NULL;

    for (unsigned kind = 0; kind < RTC_KINDS; kind++)
        p->lines[kind].active = false;
    for (unsigned i = 0; i < s->n_media; i++) {
        const struct sdp_media *m = &s->media[i];

        if (m->kind >= RTC_KINDS)
            continue;
        take_line(p, m);
        if (!first && p->lines[m->kind].active)
            first = m;
    }
    return first ? take_transport(p, first, ret) : -EBADMSG;
}

int rtc_sdp_take(struct rtc_peer *p, const char *text, struct ice_description *ret_remote)
{
    struct sdp *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return -ENOMEM;
    r = sdp_decode(bytes_str(text), s, NULL);
    if (r == 0)
        r = take(p, s, ret_remote);
    free(s);
    return r;
}

/* ---- answering ---- */

static void answer_line(const struct rtc_peer *p, const struct own_end *own,
                        const struct sdp_media *offered, char rtx_fmtp[static 16], struct sdp *to)
{
    struct sdp_media *m = &to->media[to->n_media++];
    bool usable = offered->kind < RTC_KINDS && p->lines[offered->kind].active &&
                  bytes_eq_str(offered->mid, p->lines[offered->kind].mid);

    m->direction = sdp_direction_reversed(offered->direction);
    m->setup = p->dtls_client ? SDP_ACTIVE : SDP_PASSIVE;
    if (usable) {
        put_line(p, own, offered->kind, rtx_fmtp, m);
        to->bundle[to->n_bundle++] = offered->mid;
        return;
    }
    m->kind = offered->kind; /* rejected: with port 0 */
    m->kind_name = offered->kind_name;
    m->proto = offered->proto;
    m->formats = offered->formats;
    m->mid = offered->mid;
}

int rtc_sdp_answer(struct rtc_peer *p, const char *offer, struct ice_description *ret_remote,
                   char *buf, size_t cap)
{
    struct sdp *offered = calloc(2, sizeof(*offered));
    char rtx_fmtp[16];
    int r;

    if (!offered)
        return -ENOMEM;
    r = sdp_decode(bytes_str(offer), &offered[0], NULL);
    if (r == 0)
        r = take(p, &offered[0], ret_remote);
    if (r == 0) {
        struct sdp *answer = &offered[1];
        struct own_end own;

        describe_own(p, &own);
        answer->session_id = rnd_u64() >> 1;
        answer->session_version = 2;
        for (unsigned i = 0; i < offered[0].n_media; i++)
            answer_line(p, &own, &offered[0].media[i], rtx_fmtp, answer);
        r = write_text(answer, buf, cap);
    }
    free(offered);
    return r;
}
