/* sdp_decode.c: the reading half of sdp.h: line by line, each attribute by a table. */
#include "codec/sdp.h"

#include <ctype.h>

struct raw_ssrc {
    struct sdp_ssrc s;
    bool is_rtx;
};

/* m is where attributes go: `session` until the first m-line, whose values then serve as defaults.
 * SSRC groups and rids may come before or after what they speak of: settled at the m-line's end. */
struct parser {
    struct sdp *sdp;
    struct sdp_media *m;
    struct sdp_media session;
    struct raw_ssrc ssrcs[2 * SDP_SSRC_MAX];
    unsigned n_ssrcs;
    struct bytes simulcast;
    bool has_origin;
    bool has_fingerprint; /* m has one of its own, not the session's */
};

/* Cuts the text before the first sep off *rest (all of it when there is none), sep included. */
static struct bytes cut(struct bytes *rest, char sep)
{
    const uint8_t *at = rest->len ? memchr(rest->p, sep, rest->len) : NULL;
    size_t len = at ? (size_t) (at - rest->p) : rest->len;
    struct bytes head = bytes_of(rest->p, len);

    *rest = at ? bytes_of(at + 1, rest->len - len - 1) : bytes_of(rest->p + len, 0);
    return head;
}

/* The next word, any spaces before it stepped over; empty at the end. */
static struct bytes word(struct bytes *rest)
{
    while (rest->len && rest->p[0] == ' ')
        *rest = bytes_of(rest->p + 1, rest->len - 1);
    return cut(rest, ' ');
}

static struct bytes trim(struct bytes b)
{
    while (b.len && b.p[0] == ' ')
        b = bytes_of(b.p + 1, b.len - 1);
    while (b.len && b.p[b.len - 1] == ' ')
        b.len--;
    return b;
}

static int number(struct bytes text, uint64_t max, uint64_t *ret)
{
    return bytes_to_u64(text, max, ret);
}

/* ---- attributes; each gets the text behind "a=name:" ---- */

/* Payload types that the m-line does not list are of no interest: NULL. */
static struct sdp_codec *codec_of(struct parser *p, uint64_t pt)
{
    for (unsigned i = 0; i < p->m->n_codecs; i++)
        if (p->m->codecs[i].pt == pt)
            return &p->m->codecs[i];
    return NULL;
}

/* rtpmap:<pt> <name>/<clock>[/<channels>] */
static int on_rtpmap(struct parser *p, struct bytes v)
{
    uint64_t pt, clock_hz, channels = 0;
    struct sdp_codec *c;
    struct bytes map, name;

    if (number(word(&v), 127, &pt) < 0)
        return -EBADMSG;
    map = word(&v);
    name = cut(&map, '/');
    if (name.len == 0 || number(cut(&map, '/'), UINT32_MAX, &clock_hz) < 0 || clock_hz == 0)
        return -EBADMSG;
    if (map.len && number(map, 255, &channels) < 0)
        return -EBADMSG;
    c = codec_of(p, pt);
    if (c && c->clock_hz == 0) {
        c->name = name;
        c->clock_hz = (uint32_t) clock_hz;
        c->channels = (uint8_t) channels;
    }
    return 0;
}

static int on_fmtp(struct parser *p, struct bytes v)
{
    struct sdp_codec *c;
    uint64_t pt;

    if (number(word(&v), 127, &pt) < 0)
        return -EBADMSG;
    c = codec_of(p, pt);
    if (c && c->fmtp.len == 0)
        c->fmtp = trim(v);
    return 0;
}

static int add_fb(struct sdp_codec *c, struct bytes fb)
{
    if (c->n_fb == SDP_FB_MAX)
        return -E2BIG;
    c->fb[c->n_fb++] = fb;
    return 0;
}

/* rtcp-fb:<pt or *> <feedback> */
static int on_rtcp_fb(struct parser *p, struct bytes v)
{
    struct bytes which = word(&v);
    struct sdp_codec *c;
    uint64_t pt;

    v = trim(v);
    if (bytes_eq_str(which, "*")) {
        for (unsigned i = 0; i < p->m->n_codecs; i++)
            if (add_fb(&p->m->codecs[i], v) < 0)
                return -E2BIG;
        return 0;
    }
    if (number(which, 127, &pt) < 0)
        return -EBADMSG;
    c = codec_of(p, pt);
    return c ? add_fb(c, v) : 0;
}

static int direction_of(struct bytes name, enum sdp_direction *ret)
{
    for (int d = SDP_SENDRECV; d <= SDP_INACTIVE; d++) {
        if (bytes_eq_str(name, sdp_direction_name((enum sdp_direction) d))) {
            *ret = (enum sdp_direction) d;
            return 0;
        }
    }
    return -EBADMSG;
}

/* extmap:<id>[/<direction>] <uri> [<attributes>] */
static int on_extmap(struct parser *p, struct bytes v)
{
    struct sdp_ext e = {.direction = SDP_SENDRECV};
    struct bytes id = word(&v);
    struct bytes value = cut(&id, '/');
    uint64_t n;

    /* 4096 and more: an offerer that wants us to choose the id (RFC 8285 section 7); never seen. */
    if (number(value, 4351, &n) < 0 || n == 0)
        return -EBADMSG;
    if (id.len && direction_of(id, &e.direction) < 0)
        return -EBADMSG;
    e.uri = word(&v);
    if (e.uri.len == 0)
        return -EBADMSG;
    if (n > 255)
        return 0;
    if (p->m->n_exts == SDP_EXT_MAX)
        return -E2BIG;
    e.id = (uint8_t) n;
    p->m->exts[p->m->n_exts++] = e;
    return 0;
}

static int ssrc_entry(struct parser *p, uint32_t ssrc, struct raw_ssrc **ret)
{
    for (unsigned i = 0; i < p->n_ssrcs; i++) {
        if (p->ssrcs[i].s.ssrc == ssrc) {
            *ret = &p->ssrcs[i];
            return 0;
        }
    }
    if (p->n_ssrcs == 2 * SDP_SSRC_MAX)
        return -E2BIG;
    *ret = &p->ssrcs[p->n_ssrcs++];
    **ret = (struct raw_ssrc){.s.ssrc = ssrc};
    return 0;
}

/* ssrc:<ssrc> <attribute>[:<value>] */
static int on_ssrc(struct parser *p, struct bytes v)
{
    struct raw_ssrc *e;
    struct bytes name;
    uint64_t ssrc;
    int r;

    if (number(word(&v), UINT32_MAX, &ssrc) < 0 || ssrc == 0)
        return -EBADMSG;
    r = ssrc_entry(p, (uint32_t) ssrc, &e);
    if (r < 0)
        return r;
    name = cut(&v, ':');
    if (bytes_eq_str(name, "cname"))
        e->s.cname = trim(v);
    else if (bytes_eq_str(name, "msid"))
        e->s.msid = trim(v);
    return 0;
}

/* ssrc-group:FID <primary> <rtx>; other groups say nothing that is needed here. */
static int on_ssrc_group(struct parser *p, struct bytes v)
{
    struct raw_ssrc *primary, *rtx;
    uint64_t a, b;
    int r;

    if (!bytes_eq_str(word(&v), "FID"))
        return 0;
    if (number(word(&v), UINT32_MAX, &a) < 0 || number(word(&v), UINT32_MAX, &b) < 0 || a == 0 ||
        b == 0 || a == b)
        return -EBADMSG;
    r = ssrc_entry(p, (uint32_t) a, &primary);
    if (r == 0)
        r = ssrc_entry(p, (uint32_t) b, &rtx);
    if (r < 0)
        return r;
    primary->s.rtx = (uint32_t) b;
    rtx->is_rtx = true;
    return 0;
}

static int add_rid(struct sdp_media *m, struct bytes rid)
{
    if (rid.len == 0)
        return -EBADMSG;
    for (size_t i = 0; i < rid.len; i++)
        if (!isalnum(rid.p[i]) && rid.p[i] != '-' && rid.p[i] != '_')
            return -EBADMSG;
    if (m->n_rids == SDP_RID_MAX)
        return -E2BIG;
    m->rids[m->n_rids++] = rid;
    return 0;
}

/* rid:<id> send|recv [...] */
static int on_rid(struct parser *p, struct bytes v)
{
    struct bytes id = word(&v);

    return bytes_eq_str(word(&v), "send") ? add_rid(p->m, id) : 0;
}

/* simulcast:[recv <list>] send <list> [recv <list>] */
static int on_simulcast(struct parser *p, struct bytes v)
{
    while (trim(v).len) {
        struct bytes which = word(&v);
        struct bytes list = word(&v);

        if (bytes_eq_str(which, "send"))
            p->simulcast = list;
    }
    return 0;
}

/* A machine of many interfaces and relays has many; the first will do. */
static int on_candidate(struct parser *p, struct bytes v)
{
    if (p->m->n_candidates < SDP_CANDIDATE_MAX)
        p->m->candidates[p->m->n_candidates++] = v;
    return 0;
}

/* Of several fingerprints sha-256 is taken, else the first. */
static int on_fingerprint(struct parser *p, struct bytes v)
{
    struct sdp_fingerprint f = {.hash = word(&v)};

    f.value = trim(v);
    if (f.hash.len == 0 || f.value.len == 0)
        return -EBADMSG;
    if (!p->has_fingerprint || (bytes_caseeq_str(f.hash, "sha-256") &&
                                !bytes_caseeq_str(p->m->fingerprint.hash, "sha-256")))
        p->m->fingerprint = f;
    p->has_fingerprint = true;
    return 0;
}

static int on_setup(struct parser *p, struct bytes v)
{
    static const char *const names[] = {
        [SDP_ACTPASS] = "actpass",
        [SDP_ACTIVE] = "active",
        [SDP_PASSIVE] = "passive",
        [SDP_HOLDCONN] = "holdconn",
    };

    for (unsigned i = SDP_ACTPASS; i <= SDP_HOLDCONN; i++) {
        if (bytes_eq_str(v, names[i])) {
            p->m->setup = (enum sdp_setup) i;
            return 0;
        }
    }
    return -EBADMSG;
}

static int on_group(struct parser *p, struct bytes v)
{
    struct sdp *s = p->sdp;
    struct bytes mid;

    if (p->m != &p->session || !bytes_eq_str(word(&v), "BUNDLE") || s->n_bundle)
        return 0;
    while ((mid = word(&v)).len) {
        if (s->n_bundle == SDP_MEDIA_MAX)
            return -E2BIG;
        s->bundle[s->n_bundle++] = mid;
    }
    return 0;
}

static int on_mid(struct parser *p, struct bytes v)
{
    if (v.len == 0)
        return -EBADMSG;
    for (unsigned i = 0; p->m != &p->session && &p->sdp->media[i] != p->m; i++)
        if (bytes_eq(p->sdp->media[i].mid, v))
            return -EBADMSG;
    p->m->mid = v;
    return 0;
}

static int on_msid(struct parser *p, struct bytes v)
{
    if (p->m->msid.len == 0)
        p->m->msid = v;
    return 0;
}

static int on_msid_semantic(struct parser *p, struct bytes v)
{
    p->sdp->msid_semantic = trim(v);
    return 0;
}

static int on_ufrag(struct parser *p, struct bytes v)
{
    p->m->ufrag = v;
    return 0;
}

static int on_pwd(struct parser *p, struct bytes v)
{
    p->m->pwd = v;
    return 0;
}

static int on_ice_lite(struct parser *p, struct bytes v)
{
    (void) v;
    p->sdp->ice_lite = true;
    return 0;
}

static const struct {
    const char *name;
    int (*fn)(struct parser *, struct bytes value);
} attributes[] = {
    {"candidate", on_candidate},
    {"extmap", on_extmap},
    {"fingerprint", on_fingerprint},
    {"fmtp", on_fmtp},
    {"group", on_group},
    {"ice-lite", on_ice_lite},
    {"ice-pwd", on_pwd},
    {"ice-ufrag", on_ufrag},
    {"mid", on_mid},
    {"msid", on_msid},
    {"msid-semantic", on_msid_semantic},
    {"rid", on_rid},
    {"rtcp-fb", on_rtcp_fb},
    {"rtpmap", on_rtpmap},
    {"setup", on_setup},
    {"simulcast", on_simulcast},
    {"ssrc", on_ssrc},
    {"ssrc-group", on_ssrc_group},
};

static const struct {
    const char *name;
    size_t at; /* of the bool in struct sdp_media */
} flags[] = {
    {"bundle-only", offsetof(struct sdp_media, bundle_only)},
    {"end-of-candidates", offsetof(struct sdp_media, end_of_candidates)},
    {"extmap-allow-mixed", offsetof(struct sdp_media, extmap_allow_mixed)},
    {"rtcp-mux", offsetof(struct sdp_media, rtcp_mux)},
    {"rtcp-rsize", offsetof(struct sdp_media, rtcp_rsize)},
};

static int on_attribute(struct parser *p, struct bytes v)
{
    struct bytes name = cut(&v, ':');

    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
        if (bytes_eq_str(name, attributes[i].name))
            return attributes[i].fn(p, v);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (bytes_eq_str(name, flags[i].name))
            *(bool *) ((char *) p->m + flags[i].at) = true;
    (void) direction_of(name, &p->m->direction);
    return 0;
}

/* ---- lines ---- */

/* Puts together what was spread over the m-line's attributes. */
static int media_end(struct parser *p)
{
    struct sdp_media *m = p->m;

    if (m == &p->session) {
        p->sdp->extmap_allow_mixed = m->extmap_allow_mixed;
        p->n_ssrcs = 0;
        return 0;
    }
    for (unsigned i = 0; i < p->n_ssrcs; i++) {
        if (p->ssrcs[i].is_rtx)
            continue;
        if (m->n_ssrcs == SDP_SSRC_MAX)
            return -E2BIG;
        m->ssrcs[m->n_ssrcs++] = p->ssrcs[i].s;
    }
    p->n_ssrcs = 0;

    if (p->simulcast.len)
        m->n_rids = 0;
    while (p->simulcast.len) {
        struct bytes alternatives = cut(&p->simulcast, ';');
        struct bytes rid = cut(&alternatives, ',');
        int r;

        if (rid.len && rid.p[0] == '~') /* initially paused */
            rid = bytes_of(rid.p + 1, rid.len - 1);
        r = add_rid(m, rid);
        if (r < 0)
            return r;
    }
    return 0;
}

static int payload_types(struct sdp_media *m)
{
    struct bytes rest = m->formats, text;
    uint64_t pt;

    while ((text = word(&rest)).len) {
        if (number(text, 127, &pt) < 0 || sdp_find_codec(m, (uint8_t) pt))
            return -EBADMSG;
        if (m->n_codecs == SDP_CODEC_MAX)
            return -E2BIG;
        m->codecs[m->n_codecs++] = (struct sdp_codec){.pt = (uint8_t) pt};
    }
    return m->n_codecs ? 0 : -EBADMSG;
}

/* m=<kind> <port>[/<n>] <proto> <formats> */
static int on_media(struct parser *p, struct bytes v)
{
    static const char *const kinds[] = {
        [SDP_AUDIO] = "audio", [SDP_VIDEO] = "video", [SDP_APPLICATION] = "application"};
    struct sdp_media *m;
    struct bytes port;
    uint64_t n;

    int r = media_end(p);
    if (r < 0)
        return r;
    if (p->sdp->n_media == SDP_MEDIA_MAX)
        return -E2BIG;
    m = &p->sdp->media[p->sdp->n_media++];
    *m = (struct sdp_media){
        .kind_name = word(&v),
        .direction = p->session.direction,
        .setup = p->session.setup,
        .ufrag = p->session.ufrag,
        .pwd = p->session.pwd,
        .fingerprint = p->session.fingerprint,
    };
    p->m = m;
    p->has_fingerprint = false;
    while (m->kind < SDP_OTHER && !bytes_eq_str(m->kind_name, kinds[m->kind]))
        m->kind++;
    port = word(&v);
    if (number(cut(&port, '/'), 65535, &n) < 0)
        return -EBADMSG;
    m->port = (uint16_t) n;
    m->proto = word(&v);
    m->formats = trim(v);
    if (m->kind_name.len == 0 || m->proto.len == 0 || m->formats.len == 0)
        return -EBADMSG;
    return m->kind <= SDP_VIDEO ? payload_types(m) : 0;
}

/* o=<user> <session id> <version> IN IP4 <address> */
static int on_origin(struct parser *p, struct bytes v)
{
    (void) word(&v);
    if (number(word(&v), UINT64_MAX, &p->sdp->session_id) < 0 ||
        number(word(&v), UINT64_MAX, &p->sdp->session_version) < 0)
        return -EBADMSG;
    p->has_origin = true;
    return 0;
}

static bool has_control(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.p[i] < ' ' || b.p[i] == 0x7f)
            return true;
    return false;
}

static int on_line(struct parser *p, struct bytes line, unsigned n)
{
    struct bytes v;

    if (line.len < 2 || line.p[1] != '=' || has_control(line))
        return -EBADMSG;
    if (n == 1)
        return bytes_eq_str(line, "v=0") ? 0 : -EBADMSG;
    v = bytes_of(line.p + 2, line.len - 2);
    switch (line.p[0]) {
    case 'o':
        return on_origin(p, v);
    case 'm':
        return on_media(p, v);
    case 'a':
        return on_attribute(p, v);
    default:
        return line.p[0] >= 'a' && line.p[0] <= 'z' ? 0 : -EBADMSG;
    }
}

int sdp_decode(struct bytes text, struct sdp *ret, unsigned *ret_line)
{
    struct parser p = {.sdp = ret, .m = NULL};
    unsigned n = 0;
    int r = 0;

    p.m = &p.session;
    ret->session_id = ret->session_version = 0;
    ret->ice_lite = ret->extmap_allow_mixed = false;
    ret->n_bundle = ret->n_media = 0;
    ret->msid_semantic = bytes_str(NULL);

    while (r == 0 && text.len) {
        struct bytes line = cut(&text, '\n');

        n++;
        if (line.len && line.p[line.len - 1] == '\r')
            line.len--;
        r = on_line(&p, line, n);
    }
    if (r == 0)
        r = media_end(&p);
    if (r == 0 && !p.has_origin)
        r = -EBADMSG;
    if (r < 0 && ret_line)
        *ret_line = n;
    return r;
}
