#include "rtc/srtp_gcm.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "rtc/rtp_gcm.h"
#include "rtc/srtp_replay.h"

#include <errno.h>
#include <stdlib.h>

#define RTCP_HEADER_SIZE 8
#define RTCP_INDEX_SIZE 4
#define RTCP_ENCRYPTED UINT32_C(0x80000000) /* the E bit in front of the 31-bit index */

/* One SSRC of the peer. */
struct inbound {
    struct inbound *next;
    uint32_t ssrc;
    struct srtp_replay rtp;
    struct srtp_replay rtcp;
};

struct srtp_gcm {
    struct rtp_gcm *rtp_out, *rtcp_out, *rtp_in, *rtcp_in;
    struct inbound *inbound;
    size_t n_inbound;
    uint32_t rtcp_index; /* of the packet sent last; one count serves all our SSRCs */
};

static int derive(const uint8_t *master_key, const uint8_t *salt, bool rtcp, bool seals,
                  struct rtp_gcm **ret)
{
    uint8_t padded_salt[RTP_KDF_SALT_SIZE] = {0};
    uint8_t session_key[RTP_GCM_KEY_SIZE];
    uint8_t session_salt[RTP_GCM_SALT_SIZE];
    int r;

    memcpy(padded_salt, salt, RTP_GCM_SALT_SIZE);
    r = rtp_kdf(master_key, padded_salt, rtcp ? RTP_KDF_RTCP_CIPHER : RTP_KDF_RTP_CIPHER,
                session_key, sizeof(session_key));
    if (r == 0)
        r = rtp_kdf(master_key, padded_salt, rtcp ? RTP_KDF_RTCP_SALT : RTP_KDF_RTP_SALT,
                    session_salt, sizeof(session_salt));
    if (r == 0)
        r = rtp_gcm_new(session_key, session_salt, seals, ret);
    secret_wipe(session_key, sizeof(session_key));
    secret_wipe(session_salt, sizeof(session_salt));
    secret_wipe(padded_salt, sizeof(padded_salt));
    return r;
}

int srtp_gcm_new(const struct dtls_keys *keys, struct srtp_gcm **ret_g)
{
    struct srtp_gcm *g = calloc(1, sizeof(*g));
    int r = -ENOMEM;

    if (!g || (r = derive(keys->server_key, keys->server_salt, false, true, &g->rtp_out)) < 0 ||
        (r = derive(keys->server_key, keys->server_salt, true, true, &g->rtcp_out)) < 0 ||
        (r = derive(keys->client_key, keys->client_salt, false, false, &g->rtp_in)) < 0 ||
        (r = derive(keys->client_key, keys->client_salt, true, false, &g->rtcp_in)) < 0) {
        srtp_gcm_free(g);
        return r;
    }
    *ret_g = g;
    return 0;
}

struct srtp_gcm *srtp_gcm_free(struct srtp_gcm *g)
{
    if (!g)
        return NULL;
    while (g->inbound) {
        struct inbound *next = g->inbound->next;

        free(g->inbound);
        g->inbound = next;
    }
    rtp_gcm_free(g->rtp_out);
    rtp_gcm_free(g->rtcp_out);
    rtp_gcm_free(g->rtp_in);
    rtp_gcm_free(g->rtcp_in);
    free(g);
    return NULL;
}

/* ---- sending ---- */

struct rtp_gcm *srtp_gcm_sending(const struct srtp_gcm *g)
{
    return g->rtp_out;
}

/* RFC 7714 section 9.2:
 *   header (8, with the SSRC) | the rest, encrypted | tag (16) | E, index (4) */
int srtp_gcm_protect_rtcp(struct srtp_gcm *g, uint32_t ssrc, uint8_t *buf, size_t *len)
{
    uint8_t *text = buf + RTCP_HEADER_SIZE;
    size_t text_len = *len - RTCP_HEADER_SIZE;
    uint8_t trailer[RTCP_INDEX_SIZE];
    struct wr w = wr_init(trailer, sizeof(trailer));
    struct rtp_gcm_packet p = {
        .ssrc = ssrc,
        .header = bytes_of(buf, RTCP_HEADER_SIZE),
        .trailer = bytes_of(trailer, sizeof(trailer)),
    };
    int r;

    if (g->rtcp_index == ~RTCP_ENCRYPTED)
        return -EOVERFLOW;
    p.index = ++g->rtcp_index;
    wr_u32(&w, RTCP_ENCRYPTED | g->rtcp_index);
    r = rtp_gcm_seal(g->rtcp_out, &p, bytes_of(text, text_len), text);
    if (r < 0)
        return r;
    memcpy(text + text_len + RTP_GCM_TAG_SIZE, trailer, sizeof(trailer));
    *len += RTP_GCM_TAG_SIZE + sizeof(trailer);
    return 0;
}

/* ---- receiving ---- */

/* The stream of an SSRC, or what a new one begins with. */
static const struct inbound *find_inbound(const struct srtp_gcm *g, uint32_t ssrc)
{
    static const struct inbound fresh;

    for (const struct inbound *in = g->inbound; in; in = in->next)
        if (in->ssrc == ssrc)
            return in;
    return g->n_inbound < SRTP_IN_SSRC_MAX ? &fresh : NULL;
}

/* The same after a packet proved authentic: now it is made if need be. */
static struct inbound *keep_inbound(struct srtp_gcm *g, uint32_t ssrc)
{
    struct inbound *in;

    for (in = g->inbound; in; in = in->next)
        if (in->ssrc == ssrc)
            return in;
    in = calloc(1, sizeof(*in));
    if (!in)
        return NULL;
    in->ssrc = ssrc;
    in->next = g->inbound;
    g->inbound = in;
    g->n_inbound++;
    return in;
}

int srtp_gcm_unprotect(struct srtp_gcm *g, uint32_t ssrc, uint8_t *packet, size_t header_len,
                       size_t *len)
{
    const struct inbound *known = find_inbound(g, ssrc);
    struct rd r = rd_init(bytes_of(packet + 2, 2));
    struct rtp_gcm_packet p = {.ssrc = ssrc, .header = bytes_of(packet, header_len)};
    struct inbound *in;

    if (!known)
        return -ENOSPC;
    p.index = srtp_replay_guess(&known->rtp, rd_u16(&r));
    if (!srtp_replay_allows(&known->rtp, p.index))
        return -EALREADY;
    if (rtp_gcm_open(g->rtp_in, &p, packet + header_len, *len - header_len - RTP_GCM_TAG_SIZE) < 0)
        return -EBADMSG;
    in = keep_inbound(g, ssrc);
    if (!in)
        return -ENOMEM;
    srtp_replay_add(&in->rtp, p.index);
    *len -= RTP_GCM_TAG_SIZE;
    return 0;
}

int srtp_gcm_unprotect_rtcp(struct srtp_gcm *g, uint32_t ssrc, uint8_t *packet, size_t *len)
{
    const struct inbound *known = find_inbound(g, ssrc);
    size_t text_len = *len - RTCP_HEADER_SIZE - RTP_GCM_TAG_SIZE - RTCP_INDEX_SIZE;
    struct bytes trailer = bytes_of(packet + *len - RTCP_INDEX_SIZE, RTCP_INDEX_SIZE);
    struct rd r = rd_init(trailer);
    uint32_t word = rd_u32(&r);
    struct rtp_gcm_packet p = {
        .ssrc = ssrc,
        .index = word & ~RTCP_ENCRYPTED,
        .header = bytes_of(packet, RTCP_HEADER_SIZE),
        .trailer = trailer,
    };
    struct inbound *in;

    if (!known)
        return -ENOSPC;
    if (!(word & RTCP_ENCRYPTED))
        return -EBADMSG; /* authenticated only: nobody negotiates that */
    if (!srtp_replay_allows(&known->rtcp, p.index))
        return -EALREADY;
    if (rtp_gcm_open(g->rtcp_in, &p, packet + RTCP_HEADER_SIZE, text_len) < 0)
        return -EBADMSG;
    in = keep_inbound(g, ssrc);
    if (!in)
        return -ENOMEM;
    srtp_replay_add(&in->rtcp, p.index);
    *len = RTCP_HEADER_SIZE + text_len;
    return 0;
}
