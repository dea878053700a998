/* negotiate_line.c: what is asked of an m-line besides its codecs, and the transport under it. */
#include "media/negotiate_parts.h"

#include <stdlib.h>

static bool is_token(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.p[i] <= ' ' || b.p[i] > '~')
            return false;
    return b.len > 0;
}

static bool in_bundle(const struct sdp *s, struct bytes mid)
{
    for (unsigned i = 0; i < s->n_bundle; i++)
        if (bytes_eq(s->bundle[i], mid))
            return true;
    return false;
}

static bool proto_usable(struct bytes proto)
{
    return bytes_eq_str(proto, "UDP/TLS/RTP/SAVPF") || bytes_eq_str(proto, "TCP/DTLS/RTP/SAVPF") ||
           bytes_eq_str(proto, "RTP/SAVPF");
}

const char *neg_line_problem(const struct sdp *s, const struct sdp_media *m)
{
    if (m->kind != SDP_AUDIO && m->kind != SDP_VIDEO)
        return "is neither audio nor video";
    if (m->port == 0 && !m->bundle_only)
        return "is rejected (port 0)";
    if (!proto_usable(m->proto))
        return "has another protocol than UDP/TLS/RTP/SAVPF";
    if (!m->rtcp_mux)
        return "lacks a=rtcp-mux";
    if (m->mid.len && (!is_token(m->mid) || m->mid.len >= NEG_MID_SIZE))
        return "has a mid that is too long or no token";
    if (s->n_bundle && !in_bundle(s, m->mid))
        return "is outside the BUNDLE group";
    return NULL;
}

static const struct sdp_media *transport_line(const struct sdp *s, const struct sdp_media *first)
{
    for (unsigned i = 0; s->n_bundle && i < s->n_media; i++)
        if (bytes_eq(s->media[i].mid, s->bundle[0]) && s->media[i].port != 0)
            return &s->media[i];
    return first;
}

static size_t take_candidates(const struct sdp_media *m, struct sdp_candidate *ret, size_t max)
{
    size_t n = 0;

    for (unsigned i = 0; i < m->n_candidates && n < max; i++) {
        if (sdp_candidate_decode(m->candidates[i], &ret[n]) == 0)
            n++;
    }
    return n;
}

size_t neg_candidates(struct bytes sdp, struct sdp_candidate *ret, size_t max, bool *ret_end)
{
    struct sdp *s = malloc(sizeof(*s));
    const struct sdp_media *m = NULL;
    size_t n = 0;

    if (s && sdp_decode(sdp, s, NULL) == 0) {
        for (unsigned i = s->n_media; i-- > 0;)
            m = s->media[i].port != 0 ? &s->media[i] : m;
        m = m ? transport_line(s, m) : NULL;
    }
    if (m) {
        n = take_candidates(m, ret, max);
        *ret_end = m->end_of_candidates;
    }
    free(s);
    return n;
}

static bool take_credential(struct bytes b, size_t min, char ret[static NEG_ICE_SIZE])
{
    if (!is_token(b) || b.len < min || b.len >= NEG_ICE_SIZE)
        return false;
    memcpy(ret, b.p, b.len);
    ret[b.len] = '\0';
    return true;
}

static bool take_fingerprint(const struct sdp_fingerprint *f, struct neg_peer *ret)
{
    static const struct {
        const char *name;
        size_t len;
    } hashes[] = {{"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}};

    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (!bytes_caseeq_str(f->hash, hashes[i].name))
            continue;
        memcpy(ret->fingerprint_hash, hashes[i].name, strlen(hashes[i].name) + 1);
        return sdp_fingerprint_bytes(f, ret->fingerprint, sizeof(ret->fingerprint),
                                     &ret->fingerprint_len) == 0 &&
               ret->fingerprint_len == hashes[i].len;
    }
    return false;
}

const char *neg_transport_take(const struct sdp *s, const struct sdp_media *first,
                               struct neg_peer *ret)
{
    const struct sdp_media *m = transport_line(s, first);

    if (!take_credential(m->ufrag, 4, ret->ufrag))
        return "a=ice-ufrag is missing or malformed";
    if (!take_credential(m->pwd, 22, ret->pwd))
        return "a=ice-pwd is missing or malformed";
    if (!take_fingerprint(&m->fingerprint, ret))
        return "a=fingerprint is missing, malformed, or not of sha-256, sha-384 or sha-512";
    return NULL;
}

void neg_transport_put(const struct neg_local *l, enum sdp_setup setup, struct sdp_media *to)
{
    to->port = 9;
    to->setup = setup;
    to->rtcp_mux = true;
    to->rtcp_rsize = true;
    to->ufrag = bytes_str(l->ufrag);
    to->pwd = bytes_str(l->pwd);
    to->fingerprint = (struct sdp_fingerprint){bytes_str("sha-256"), bytes_str(l->fingerprint)};
    while (to->n_candidates < l->n_candidates && to->n_candidates < SDP_CANDIDATE_MAX) {
        to->candidates[to->n_candidates] = bytes_str(l->candidates[to->n_candidates]);
        to->n_candidates++;
    }
    to->end_of_candidates = true;
}

/* The formats are of no meaning in a rejection, but there must be one (RFC 3264 section 6). */
void neg_rejection_put(const struct sdp_media *m, struct sdp_media *to)
{
    *to = (struct sdp_media){
        .kind = m->kind,
        .kind_name = m->kind_name,
        .proto = m->proto,
        .formats = m->kind <= SDP_VIDEO ? bytes_str("0") : m->formats,
        .mid = m->mid,
        .direction = SDP_INACTIVE,
    };
}
