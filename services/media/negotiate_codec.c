/* negotiate_codec.c: which payload types we take, and which of two peers mean the same. */
#include "media/negotiate_parts.h"

#include <stdio.h>

static const struct {
    const char *name;
    enum sdp_kind kind;
    uint32_t clock_hz;
} codecs[] = {
    [RTP_CODEC_VP8] = {"VP8", SDP_VIDEO, 90000},   [RTP_CODEC_VP9] = {"VP9", SDP_VIDEO, 90000},
    [RTP_CODEC_H264] = {"H264", SDP_VIDEO, 90000}, [RTP_CODEC_OPUS] = {"opus", SDP_AUDIO, 48000},
    [RTP_CODEC_RED] = {"red", SDP_AUDIO, 48000},
};

static const struct {
    unsigned bit;
    const char *name;
} feedbacks[] = {
    {NEG_FB_NACK, "nack"},      {NEG_FB_PLI, "nack pli"},
    {NEG_FB_FIR, "ccm fir"},    {NEG_FB_TRANSPORT_CC, "transport-cc"},
    {NEG_FB_REMB, "goog-remb"},
};

#define N(table) (sizeof(table) / sizeof((table)[0]))

const char *neg_codec_name(enum rtp_codec codec)
{
    return codecs[codec].name;
}

static enum rtp_codec codec_of(enum sdp_kind kind, const struct sdp_codec *c)
{
    for (size_t i = RTP_CODEC_OTHER + 1; i < N(codecs); i++)
        if (codecs[i].kind == kind && codecs[i].clock_hz == c->clock_hz &&
            bytes_caseeq_str(c->name, codecs[i].name))
            return (enum rtp_codec) i;
    return RTP_CODEC_OTHER;
}

/* Payload types that RTCP would be mistaken for (RFC 5761 section 4), and our "none". */
static bool pt_usable(uint8_t pt)
{
    return pt != 0 && (pt < 64 || pt > 95);
}

/* It is written into other descriptions: plain text alone. */
static bool fmtp_usable(struct bytes fmtp)
{
    for (size_t i = 0; i < fmtp.len; i++)
        if (fmtp.p[i] < ' ' || fmtp.p[i] > '~')
            return false;
    return fmtp.len < NEG_FMTP_SIZE;
}

/* "111/111": every block is Opus under the same payload type. */
static bool red_usable(const struct sdp_media *m, struct bytes fmtp)
{
    const struct sdp_codec *opus = NULL;

    while (fmtp.len > 0) {
        const uint8_t *slash = memchr(fmtp.p, '/', fmtp.len);
        size_t len = slash ? (size_t) (slash - fmtp.p) : fmtp.len;
        const struct sdp_codec *c;
        uint64_t pt;

        if (bytes_to_u64(bytes_of(fmtp.p, len), 127, &pt) < 0)
            return false;
        c = sdp_find_codec(m, (uint8_t) pt);
        if (!c || codec_of(m->kind, c) != RTP_CODEC_OPUS || (opus && c != opus))
            return false;
        opus = c;
        len += slash != NULL;
        fmtp = bytes_of(fmtp.p + len, fmtp.len - len);
    }
    return opus != NULL;
}

bool neg_codec_take(const struct sdp_media *m, const struct sdp_codec *c, const struct neg_terms *t,
                    struct neg_codec *ret)
{
    enum rtp_codec codec = codec_of(m->kind, c);
    const struct sdp_codec *rtx = t->rtx && m->kind == SDP_VIDEO ? sdp_find_rtx(m, c->pt) : NULL;

    if (codec == RTP_CODEC_OTHER || !pt_usable(c->pt) || !fmtp_usable(c->fmtp))
        return false;
    if (m->kind == SDP_VIDEO && t->forced_codec && strcmp(codecs[codec].name, t->forced_codec) != 0)
        return false;
    if (codec == RTP_CODEC_H264 &&
        !bytes_eq_str(sdp_fmtp_param(c->fmtp, "packetization-mode"), "1"))
        return false;
    if (codec == RTP_CODEC_RED && !red_usable(m, c->fmtp))
        return false;

    *ret = (struct neg_codec){
        .pt = c->pt,
        .rtx_pt = rtx && pt_usable(rtx->pt) ? rtx->pt : 0,
        .channels = c->channels,
        .clock_hz = c->clock_hz,
        .codec = codec,
    };
    if (c->fmtp.len)
        memcpy(ret->fmtp, c->fmtp.p, c->fmtp.len);
    for (size_t i = 0; i < N(feedbacks); i++)
        if ((t->fb & feedbacks[i].bit) && sdp_codec_has_fb(c, feedbacks[i].name))
            ret->fb |= (uint8_t) feedbacks[i].bit;
    return true;
}

/* ---- H264 profiles (RFC 6184 section 8.1) ---- */

enum h264_profile { H264_BASELINE, H264_MAIN, H264_HIGH, H264_UNKNOWN };

/* profile_idc and profile_iop, the first two bytes of profile-level-id. */
static unsigned h264_profile_bytes(const struct neg_codec *c)
{
    struct bytes id = sdp_fmtp_param(bytes_str(c->fmtp), "profile-level-id");
    unsigned value = 0;

    if (id.p == NULL)
        return 0x4200; /* the default is Baseline */
    if (id.len != 6)
        return 0;
    for (size_t i = 0; i < 4; i++) {
        uint8_t ch = id.p[i] | 0x20;

        if (ch >= '0' && ch <= '9')
            value = value << 4 | (unsigned) (ch - '0');
        else if (ch >= 'a' && ch <= 'f')
            value = value << 4 | (unsigned) (ch - 'a' + 10);
        else
            return 0;
    }
    return value;
}

/* Baseline and Constrained Baseline are one here: browsers use none of the tools that tell them
 * apart. Levels are left out: every browser allows them to be asymmetric. */
static enum h264_profile h264_profile(const struct neg_codec *c)
{
    unsigned v = h264_profile_bytes(c);
    unsigned constraint_set0 = v & 0x80, constraint_set1 = v & 0x40;

    switch (v >> 8) {
    case 0x42:
        return H264_BASELINE;
    case 0x4d:
        return constraint_set0 ? H264_BASELINE : H264_MAIN;
    case 0x58: /* Extended */
        return constraint_set0 && constraint_set1 ? H264_BASELINE : H264_UNKNOWN;
    case 0x64:
        return H264_HIGH;
    default:
        return H264_UNKNOWN;
    }
}

static unsigned h264_fit(const struct neg_codec *a, const struct neg_codec *b)
{
    enum h264_profile pa = h264_profile(a), pb = h264_profile(b);

    if (h264_profile_bytes(a) == h264_profile_bytes(b))
        return 3;
    if (pa == H264_UNKNOWN || pb == H264_UNKNOWN || pa > pb)
        return 0;
    return pa == pb ? 2 : 1; /* each profile's decoder takes those before it */
}

static unsigned vp9_profile(const struct neg_codec *c)
{
    uint64_t profile;

    if (bytes_to_u64(sdp_fmtp_param(bytes_str(c->fmtp), "profile-id"), 3, &profile) < 0)
        return 0;
    return (unsigned) profile;
}

unsigned neg_codec_fit(const struct neg_codec *a, const struct neg_codec *b)
{
    if (a->codec != b->codec)
        return 0;
    if (a->codec == RTP_CODEC_H264)
        return h264_fit(a, b);
    return a->codec != RTP_CODEC_VP9 || vp9_profile(a) == vp9_profile(b) ? 3 : 0;
}

/* ---- lists ---- */

static bool has_pt(const struct neg_media *m, uint8_t pt)
{
    for (unsigned i = 0; i < m->n_codecs; i++)
        if (m->codecs[i].pt == pt || m->codecs[i].rtx_pt == pt)
            return true;
    return false;
}

static void append(struct neg_media *m, const struct neg_codec *c)
{
    if (m->n_codecs == NEG_CODEC_MAX || has_pt(m, c->pt))
        return;
    m->codecs[m->n_codecs] = *c;
    if (c->rtx_pt && has_pt(m, c->rtx_pt))
        m->codecs[m->n_codecs].rtx_pt = 0;
    m->n_codecs++;
}

static bool is_high_h264(const struct neg_codec *c)
{
    return c->codec == RTP_CODEC_H264 && h264_profile(c) != H264_BASELINE;
}

void neg_codecs_take(const struct sdp_media *m, const struct neg_terms *t, struct neg_media *ret)
{
    bool has_baseline = false;
    struct neg_codec c;

    for (unsigned i = 0; i < m->n_codecs; i++)
        if (neg_codec_take(m, &m->codecs[i], t, &c) && c.codec == RTP_CODEC_H264)
            has_baseline |= !is_high_h264(&c);
    for (unsigned i = 0; i < m->n_codecs; i++)
        if (neg_codec_take(m, &m->codecs[i], t, &c) && !(has_baseline && is_high_h264(&c)))
            append(ret, &c);
}

void neg_codecs_match(const struct neg_media *wanted, const struct sdp_media *m,
                      const struct neg_terms *t, struct neg_media *ret)
{
    for (unsigned i = 0; i < wanted->n_codecs; i++) {
        struct neg_codec c, best;
        unsigned best_fit = 0;

        for (unsigned j = 0; j < m->n_codecs; j++) {
            unsigned fit =
                neg_codec_take(m, &m->codecs[j], t, &c) ? neg_codec_fit(&wanted->codecs[i], &c) : 0;

            if (fit > best_fit) {
                best_fit = fit;
                best = c;
            }
        }
        if (best_fit)
            append(ret, &best);
    }
}

static const struct neg_codec *find_codec(const struct neg_media *m, enum rtp_codec codec)
{
    for (unsigned i = 0; i < m->n_codecs; i++)
        if (m->codecs[i].codec == codec)
            return &m->codecs[i];
    return NULL;
}

bool neg_red_fits(const struct neg_media *a, const struct neg_media *b)
{
    const struct neg_codec *opus_a = find_codec(a, RTP_CODEC_OPUS);
    const struct neg_codec *opus_b = find_codec(b, RTP_CODEC_OPUS);

    return opus_a && opus_b && opus_a->pt == opus_b->pt;
}

static void put_codec(const struct neg_codec *c, struct sdp_media *to)
{
    struct sdp_codec *s = &to->codecs[to->n_codecs++];

    *s = (struct sdp_codec){
        .pt = c->pt,
        .channels = c->channels,
        .clock_hz = c->clock_hz,
        .name = bytes_str(codecs[c->codec].name),
        .fmtp = bytes_str(c->fmtp),
    };
    for (size_t i = 0; i < N(feedbacks); i++)
        if (c->fb & feedbacks[i].bit)
            s->fb[s->n_fb++] = bytes_str(feedbacks[i].name);
}

void neg_codecs_put(const struct neg_media *from, struct sdp_media *to, char (*apt)[16])
{
    for (unsigned i = 0; i < from->n_codecs; i++) {
        const struct neg_codec *c = &from->codecs[i];

        put_codec(c, to);
        if (c->rtx_pt == 0)
            continue;
        snprintf(apt[i], sizeof(apt[i]), "apt=%u", c->pt);
        to->codecs[to->n_codecs++] = (struct sdp_codec){.pt = c->rtx_pt,
                                                        .clock_hz = c->clock_hz,
                                                        .name = bytes_str("rtx"),
                                                        .fmtp = bytes_str(apt[i])};
    }
}

/* ---- for the packet path ---- */

static void unwrap_red(const struct neg_media *pub, const struct neg_media *sub,
                       struct neg_map *map)
{
    const struct neg_codec *red = find_codec(pub, RTP_CODEC_RED);
    const struct neg_codec *opus = find_codec(sub, RTP_CODEC_OPUS);

    if (!red || !opus || map->pt[red->pt])
        return;
    map->pt[red->pt] = opus->pt;
    map->unwraps = red->pt;
}

void neg_map(const struct neg_media *pub, const struct neg_media *sub, struct neg_map *ret_map)
{
    *ret_map = (struct neg_map){.pt = {0}};
    if (!pub->active || !sub->active)
        return;
    for (unsigned i = 0; i < pub->n_codecs; i++) {
        uint8_t pt = pub->codecs[i].pt;
        unsigned best_fit = 0;

        if (pub->codecs[i].codec == RTP_CODEC_RED && !neg_red_fits(pub, sub))
            continue;
        for (unsigned j = 0; j < sub->n_codecs; j++) {
            unsigned fit = neg_codec_fit(&pub->codecs[i], &sub->codecs[j]);

            if (fit > best_fit) {
                best_fit = fit;
                ret_map->pt[pt] = sub->codecs[j].pt;
                ret_map->rtx_pt[pt] = sub->codecs[j].rtx_pt;
            }
        }
    }
    unwrap_red(pub, sub, ret_map);
    for (unsigned e = 0; e < NEG_EXT_END_TO_END; e++)
        if (pub->ext_id[e])
            ret_map->ext[pub->ext_id[e]] = sub->ext_id[e];
}
