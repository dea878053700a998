/* negotiate.c: the four exchanges of negotiate.h, put together from negotiate_parts.h. */
#include "media/negotiate_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Both descriptions of an exchange: too large for the stack of every thread. `out` has views into
 * peer and the texts below. */
struct work {
    struct sdp in, out;
    struct neg_peer peer;
    bool taken[NEG_KINDS];
    char msid[NEG_KINDS][192];
    char apt[NEG_KINDS][NEG_CODEC_MAX][16];
    char problem[96]; /* of the first m-line that was rejected */
};

static const char *const kind_names[NEG_KINDS] = {[SDP_AUDIO] = "audio", [SDP_VIDEO] = "video"};

__attribute__((format(printf, 4, 5))) static int fail(struct neg_error *e, enum media_error code,
                                                      int r, const char *fmt, ...)
{
    va_list ap;

    e->code = code;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    return r;
}

static int sdp_error(struct neg_error *e, const char *what)
{
    return fail(e, MEDIA_ERR_SDP, -EBADMSG, "%s", what);
}

static struct work *work_new(struct neg_error *e)
{
    struct work *w = calloc(1, sizeof(*w));

    if (!w)
        fail(e, MEDIA_ERR_ENDPOINT, -ENOMEM, "out of memory");
    return w;
}

struct neg_terms neg_terms_of(const struct neg_local *l, unsigned exts)
{
    return (struct neg_terms){
        .fb = NEG_FB_NACK | NEG_FB_PLI | NEG_FB_FIR | (l->twcc ? NEG_FB_TRANSPORT_CC : 0u) |
              (l->remb ? NEG_FB_REMB : 0u),
        .exts = exts | (l->twcc ? 1u << NEG_EXT_TRANSPORT_CC : 0u) |
                (l->abs_send_time ? 1u << NEG_EXT_ABS_SEND_TIME : 0u),
        .rtx = l->rtx,
        .forced_codec = l->forced_codec,
    };
}

#define EXTS_END_TO_END ((1u << NEG_EXT_END_TO_END) - 1)

static unsigned carried_exts(const struct neg_media *pub)
{
    unsigned exts = 0;

    for (unsigned e = 0; e < NEG_EXT_END_TO_END; e++)
        if (pub->active && pub->ext_id[e])
            exts |= 1u << e;
    return exts;
}

static int decode(struct work *w, struct bytes text, struct neg_error *e)
{
    unsigned line = 0;
    int r;

    if (text.len > NEG_TEXT_MAX)
        return fail(e, MEDIA_ERR_SDP, -EBADMSG, "the SDP is longer than %d bytes", NEG_TEXT_MAX);
    r = sdp_decode(text, &w->in, &line);
    if (r < 0)
        return fail(e, MEDIA_ERR_SDP, -EBADMSG,
                    r == -E2BIG ? "the SDP has too many of what line %u says"
                                : "the SDP is malformed at line %u",
                    line);
    return 0;
}

static int encode(const struct work *w, char *buf, size_t cap, size_t *ret_len, struct neg_error *e)
{
    if (sdp_encode(&w->out, buf, cap, ret_len) < 0)
        return fail(e, MEDIA_ERR_ENDPOINT, -ENOSPC, "our SDP is longer than %zu bytes", cap);
    return 0;
}

static int forced_codec_absent(const char *codec, const char *where, struct neg_error *e)
{
    return fail(e, MEDIA_ERR_FORCED_CODEC, -ENOENT,
                "Error forcing codec: '%s': there is no such payload type in %s%s", codec, where,
                strcmp(codec, "H264") == 0 ? " (packetization-mode 1 is needed)" : "");
}

/* Each m=video must have the codec, also one that will not be used. */
static int check_forced(const struct sdp *s, const struct neg_terms *t, struct neg_error *e)
{
    for (unsigned i = 0; t->forced_codec && i < s->n_media; i++) {
        const struct sdp_media *m = &s->media[i];
        struct neg_codec c;
        unsigned j = 0;

        if (m->kind != SDP_VIDEO || (m->port == 0 && !m->bundle_only))
            continue;
        while (j < m->n_codecs && !neg_codec_take(m, &m->codecs[j], t, &c))
            j++;
        if (j == m->n_codecs)
            return forced_codec_absent(t->forced_codec, "the m=video of the offer", e);
    }
    return 0;
}

/* ---- what we send ---- */

static bool has_rtx(const struct neg_media *m)
{
    for (unsigned i = 0; i < m->n_codecs; i++) {
        if (m->codecs[i].rtx_pt)
            return true;
    }
    return false;
}

/* The track's id is made from the stream's: pages compare track ids across peer connections. */
static void put_source(struct work *w, const struct neg_local *l, enum sdp_kind kind,
                       struct sdp_media *to)
{
    snprintf(w->msid[kind], sizeof(w->msid[kind]), "%s %s-%s", l->msid, l->msid, kind_names[kind]);
    to->msid = bytes_str(w->msid[kind]);
    to->ssrcs[to->n_ssrcs++] = (struct sdp_ssrc){
        .ssrc = l->send[kind].ssrc,
        .cname = bytes_str(l->cname),
        .msid = bytes_str(w->msid[kind]),
        /* Chromium refuses a FID group where no codec has retransmissions. */
        .rtx = l->rtx && has_rtx(&w->peer.media[kind]) ? l->send[kind].rtx_ssrc : 0,
    };
    w->out.msid_semantic = bytes_str(" WMS *");
}

static void put_line(struct work *w, const struct neg_local *l, enum sdp_kind kind,
                     enum sdp_direction direction, const struct sdp_media *offered,
                     struct sdp_media *to)
{
    struct neg_media *m = &w->peer.media[kind];

    to->kind = kind;
    to->proto = offered ? offered->proto : bytes_str("UDP/TLS/RTP/SAVPF");
    to->mid = offered ? offered->mid : bytes_str(m->mid);
    to->direction = direction;
    neg_transport_put(l, offered ? SDP_PASSIVE : SDP_ACTPASS, to);
    neg_codecs_put(m, to, w->apt[kind]);
    neg_exts_put(m, offered, to);
    if (direction == SDP_SENDONLY || direction == SDP_SENDRECV)
        put_source(w, l, kind, to);
}

static void put_session(struct work *w, const struct neg_local *l)
{
    w->out.session_id = l->session_id;
    w->out.session_version = 1;
    w->out.ice_lite = l->ice_lite;
}

/* ---- answers ---- */

static void take_mid(struct bytes mid, struct neg_media *ret)
{
    if (mid.len)
        memcpy(ret->mid, mid.p, mid.len);
    ret->mid[mid.len] = '\0';
}

/* What of a publisher's m-line is taken; returns the answer's direction. */
static enum sdp_direction take_published(const struct neg_local *l, const struct sdp_media *m,
                                         struct neg_media *ret)
{
    struct neg_terms t = neg_terms_of(l, EXTS_END_TO_END | 1u << NEG_EXT_MID);

    neg_codecs_take(m, &t, ret);
    neg_exts_take(m, &t, true, ret);
    for (unsigned i = 0; i < m->n_ssrcs && i < NEG_SSRC_MAX; i++) {
        ret->ssrcs[i].ssrc = m->ssrcs[i].ssrc;
        ret->ssrcs[i].rtx_ssrc = l->rtx ? m->ssrcs[i].rtx : 0;
        ret->n_ssrcs++;
    }
    ret->active = ret->n_codecs && (m->direction == SDP_SENDONLY || m->direction == SDP_SENDRECV);
    ret->loops = ret->active && l->loopback && m->direction == SDP_SENDRECV;
    if (!ret->active)
        return SDP_INACTIVE;
    return ret->loops ? SDP_SENDRECV : SDP_RECVONLY;
}

/* The same of a subscriber's. Without a codec in common some of its own still stand in the answer,
 * which must name one, and which says "inactive". */
static enum sdp_direction take_subscribed(const struct neg_local *l, const struct neg_media *pub,
                                          const struct sdp_media *m, struct neg_media *ret)
{
    struct neg_terms t = neg_terms_of(l, carried_exts(pub));
    bool receives = m->direction == SDP_RECVONLY || m->direction == SDP_SENDRECV;

    if (pub->active)
        neg_codecs_match(pub, m, &t, ret);
    ret->active = ret->n_codecs && receives;
    if (ret->n_codecs == 0)
        neg_codecs_take(m, &t, ret);
    neg_exts_take(m, &t, false, ret);
    return ret->active ? SDP_SENDONLY : SDP_INACTIVE;
}

static const char *offer_line_problem(const struct work *w, const struct sdp_media *m)
{
    const char *problem = neg_line_problem(&w->in, m);

    if (problem)
        return problem;
    if (w->taken[m->kind])
        return "is a second one of its kind";
    if (w->in.n_bundle == 0 && (w->taken[SDP_AUDIO] || w->taken[SDP_VIDEO]))
        return "is outside the BUNDLE group";
    if (m->setup == SDP_PASSIVE || m->setup == SDP_HOLDCONN)
        return "leaves us no passive DTLS role (a=setup)";
    return NULL;
}

/* pub is NULL when the peer publishes. */
static void answer_line(struct work *w, const struct neg_local *l, const struct neg_peer *pub,
                        const struct sdp_media *m, struct sdp_media *to)
{
    const char *problem = offer_line_problem(w, m);

    if (!problem) {
        struct neg_media *ret = &w->peer.media[m->kind];
        enum sdp_direction direction =
            pub ? take_subscribed(l, &pub->media[m->kind], m, ret) : take_published(l, m, ret);

        if (ret->n_codecs) {
            take_mid(m->mid, ret);
            put_line(w, l, m->kind, direction, m, to);
            w->taken[m->kind] = true;
            return;
        }
        memset(ret, 0, sizeof(*ret));
        problem = m->kind == SDP_AUDIO ? "has no Opus" : "has none of VP8, VP9 and H264";
    }
    if (!w->problem[0])
        snprintf(w->problem, sizeof(w->problem), "m-line %u %s", (unsigned) (m - w->in.media) + 1,
                 problem);
    neg_rejection_put(m, to);
}

/* Bundled packets are told apart by their payload type. */
static bool payload_types_overlap(const struct neg_peer *p)
{
    const struct neg_media *a = &p->media[SDP_AUDIO], *v = &p->media[SDP_VIDEO];

    for (unsigned i = 0; a->active && v->active && i < a->n_codecs; i++)
        for (unsigned j = 0; j < v->n_codecs; j++)
            if (a->codecs[i].pt == v->codecs[j].pt || a->codecs[i].pt == v->codecs[j].rtx_pt)
                return true;
    return false;
}

/* The offer's bundle without what was rejected: the order says whose transport counts. */
static void put_answer_bundle(struct work *w)
{
    for (unsigned i = 0; i < w->in.n_bundle; i++)
        for (unsigned j = 0; j < w->out.n_media; j++)
            if (w->out.media[j].port && bytes_eq(w->out.media[j].mid, w->in.bundle[i]) &&
                w->out.n_bundle < SDP_MEDIA_MAX)
                w->out.bundle[w->out.n_bundle++] = w->in.bundle[i];
}

static int answer_checks(struct work *w, bool publishes, struct neg_error *e)
{
    const struct sdp_media *first = NULL;
    const char *problem;

    for (unsigned i = w->out.n_media; i-- > 0;)
        if (w->out.media[i].port)
            first = &w->in.media[i];
    if (!first)
        return fail(e, MEDIA_ERR_SDP, -EBADMSG, "the offer has nothing that can be answered%s%s",
                    w->problem[0] ? ": " : "", w->problem);
    if (publishes && !w->peer.media[SDP_AUDIO].active && !w->peer.media[SDP_VIDEO].active)
        return sdp_error(e, "the offer sends neither audio nor video");
    if (publishes && payload_types_overlap(&w->peer))
        return sdp_error(e, "the offer has a payload type for both audio and video");
    problem = neg_transport_take(&w->in, first, &w->peer);
    return problem ? sdp_error(e, problem) : 0;
}

static int answer_offer(struct work *w, const struct neg_local *l, const struct neg_peer *pub,
                        struct bytes offer, struct neg_error *e)
{
    struct neg_terms t = neg_terms_of(l, 0);
    int r = decode(w, offer, e);

    if (r == 0)
        r = check_forced(&w->in, &t, e);
    if (r < 0)
        return r;
    put_session(w, l);
    for (unsigned i = 0; i < w->in.n_media; i++)
        answer_line(w, l, pub, &w->in.media[i], &w->out.media[w->out.n_media++]);
    put_answer_bundle(w);
    return answer_checks(w, pub == NULL, e);
}

static int answer(const struct neg_local *l, const struct neg_peer *pub, struct bytes offer,
                  struct neg_peer *ret_peer, char *buf, size_t cap, size_t *ret_len,
                  struct neg_error *ret_error)
{
    struct work *w = work_new(ret_error);
    int r;

    if (!w)
        return -ENOMEM;
    r = answer_offer(w, l, pub, offer, ret_error);
    if (r == 0)
        r = encode(w, buf, cap, ret_len, ret_error);
    if (r == 0)
        *ret_peer = w->peer;
    free(w);
    return r;
}

int neg_publish(const struct neg_local *l, struct bytes offer, struct neg_peer *ret_pub, char *buf,
                size_t cap, size_t *ret_len, struct neg_error *ret_error)
{
    return answer(l, NULL, offer, ret_pub, buf, cap, ret_len, ret_error);
}

int neg_subscribe(const struct neg_local *l, const struct neg_peer *pub, struct bytes offer,
                  struct neg_peer *ret_sub, char *buf, size_t cap, size_t *ret_len,
                  struct neg_error *ret_error)
{
    return answer(l, pub, offer, ret_sub, buf, cap, ret_len, ret_error);
}

/* ---- our offers ---- */

/* Our payload types: Opus 111; video 96, 98, .. 108, each with the next one for its RTX. */
static void number_codecs(const struct neg_media *pub, const struct neg_local *l,
                          enum sdp_kind kind, struct neg_media *ret)
{
    struct neg_terms t = neg_terms_of(l, 0);

    for (unsigned i = 0; i < pub->n_codecs; i++) {
        const struct neg_codec *from = &pub->codecs[i];
        struct neg_codec *c = &ret->codecs[ret->n_codecs];

        if (from->codec == RTP_CODEC_RED && !neg_red_fits(pub, ret))
            continue;
        if (kind == SDP_VIDEO && l->forced_codec &&
            strcmp(neg_codec_name(from->codec), l->forced_codec) != 0)
            continue;
        *c = *from;
        c->pt = (uint8_t) (kind == SDP_AUDIO ? 111 + i : 96 + 2 * i);
        c->rtx_pt = (uint8_t) (kind == SDP_VIDEO && l->rtx ? c->pt + 1 : 0);
        c->fb = (uint8_t) (kind == SDP_VIDEO ? t.fb : t.fb & NEG_FB_TRANSPORT_CC);
        ret->n_codecs++;
    }
}

/* Our extension ids are fixed: enum neg_ext + 1. */
static void number_exts(const struct neg_media *pub, const struct neg_local *l,
                        struct neg_media *ret)
{
    struct neg_terms t = neg_terms_of(l, carried_exts(pub));

    for (unsigned e = 0; e < NEG_EXT_COUNT; e++)
        if (t.exts & 1u << e)
            ret->ext_id[e] = (uint8_t) (e + 1);
}

static int offer_lines(struct work *w, const struct neg_local *l, const struct neg_peer *pub,
                       struct neg_error *e)
{
    put_session(w, l);
    for (unsigned kind = 0; kind < NEG_KINDS; kind++) {
        struct neg_media *m = &w->peer.media[kind];
        struct sdp_media *to = &w->out.media[w->out.n_media];

        if (!pub->media[kind].active)
            continue;
        number_codecs(&pub->media[kind], l, (enum sdp_kind) kind, m);
        if (m->n_codecs == 0 && kind == SDP_VIDEO && l->forced_codec)
            return forced_codec_absent(l->forced_codec, "what the publisher sends", e);
        if (m->n_codecs == 0) /* RED alone, without what it repeats */
            continue;
        number_exts(&pub->media[kind], l, m);
        m->active = true;
        snprintf(m->mid, sizeof(m->mid), "%u", w->out.n_media);
        put_line(w, l, (enum sdp_kind) kind, SDP_SENDONLY, NULL, to);
        w->out.n_media++;
        w->out.bundle[w->out.n_bundle++] = to->mid;
    }
    return w->out.n_media ? 0 : sdp_error(e, "the publisher sends neither audio nor video");
}

int neg_offer(const struct neg_local *l, const struct neg_peer *pub, struct neg_peer *ret_offered,
              char *buf, size_t cap, size_t *ret_len, struct neg_error *ret_error)
{
    struct work *w = work_new(ret_error);
    int r;

    if (!w)
        return -ENOMEM;
    r = offer_lines(w, l, pub, ret_error);
    if (r == 0)
        r = encode(w, buf, cap, ret_len, ret_error);
    if (r == 0)
        *ret_offered = w->peer;
    free(w);
    return r;
}

/* What may be in the answer: nothing that we did not offer. */
static struct neg_terms offered_terms(const struct neg_media *m)
{
    struct neg_terms t = {.rtx = m->codecs[0].rtx_pt != 0, .fb = m->codecs[0].fb};

    for (unsigned e = 0; e < NEG_EXT_COUNT; e++)
        if (m->ext_id[e])
            t.exts |= 1u << e;
    return t;
}

static const char *accept_line(struct work *w, const struct neg_media *offered, enum sdp_kind kind,
                               const struct sdp_media *m)
{
    struct neg_media *ret = &w->peer.media[kind];
    struct neg_terms t = offered_terms(offered);

    if (m->kind != kind || !bytes_eq_str(m->mid, offered->mid))
        return "the answer's m-lines are not the offer's";
    if (m->port == 0 || (m->direction != SDP_RECVONLY && m->direction != SDP_SENDRECV))
        return NULL; /* it does not want this kind */
    if (neg_line_problem(&w->in, m))
        return neg_line_problem(&w->in, m);
    if (m->setup != SDP_ACTIVE)
        return "the answer must have a=setup:active";
    neg_codecs_match(offered, m, &t, ret);
    neg_exts_take(m, &t, false, ret);
    take_mid(m->mid, ret);
    ret->active = ret->n_codecs > 0;
    return NULL;
}

static const char *accept_answer(struct work *w, const struct neg_peer *offered)
{
    const struct sdp_media *first = NULL;
    unsigned n = 0;

    for (unsigned kind = 0; kind < NEG_KINDS; kind++) {
        const struct sdp_media *m = &w->in.media[n];
        const char *problem;

        if (!offered->media[kind].active)
            continue;
        if (n++ == w->in.n_media)
            return "the answer has fewer m-lines than the offer";
        problem = accept_line(w, &offered->media[kind], (enum sdp_kind) kind, m);
        if (problem)
            return problem;
        if (first && w->peer.media[kind].active && w->in.n_bundle == 0)
            return "the answer does not bundle";
        if (!first && w->peer.media[kind].active)
            first = m;
    }
    if (n != w->in.n_media)
        return "the answer has more m-lines than the offer";
    if (!first)
        return "the answer takes nothing of what was offered";
    return neg_transport_take(&w->in, first, &w->peer);
}

int neg_accept(const struct neg_peer *offered, struct bytes text, struct neg_peer *ret_sub,
               struct neg_error *ret_error)
{
    struct work *w = work_new(ret_error);
    const char *problem;
    int r;

    if (!w)
        return -ENOMEM;
    r = decode(w, text, ret_error);
    if (r == 0) {
        problem = accept_answer(w, offered);
        if (problem)
            r = sdp_error(ret_error, problem);
        else
            *ret_sub = w->peer;
    }
    free(w);
    return r;
}
