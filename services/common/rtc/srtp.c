#include "rtc/srtp.h"

#include <errno.h>
#include <srtp2/srtp.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "rtc/rtp_gcm.h"

#define RTP_HEADER_MIN 12
#define RTCP_HEADER_MIN 8
#define RTCP_INDEX_SIZE 4
#define CM_TAG_SIZE 10

/* Packets of a publisher arrive out of order by a few; retransmissions by more. */
#define REPLAY_WINDOW 512

struct srtp_sender {
    struct srtp_transport *transport;
    struct srtp_sender *next;
    uint64_t highest; /* ROC << 16 | SEQ that was used last */
    uint32_t ssrc;
    bool used;
};

struct srtp_transport {
    enum srtp_profile_id profile;
    srtp_t in;
    srtp_t out;          /* SRTCP; for CM also SRTP */
    struct rtp_gcm *gcm; /* NULL for CM */
    struct srtp_sender *senders;
    size_t n_senders;
    size_t n_in;
    uint32_t in_ssrcs[SRTP_IN_SSRC_MAX];
};

int srtp_transport_global_init(void)
{
    return srtp_init() == srtp_err_status_ok ? 0 : -EIO;
}

const char *srtp_profile_id_name(enum srtp_profile_id id)
{
    static const char *const names[] = {
        [SRTP_ID_NONE] = "none",
        [SRTP_ID_AES128_CM_SHA1_80] = "SRTP_AES128_CM_SHA1_80",
        [SRTP_ID_AEAD_AES_128_GCM] = "SRTP_AEAD_AES_128_GCM",
    };

    return names[id];
}

enum srtp_profile_id srtp_transport_profile(const struct srtp_transport *s)
{
    return s->profile;
}

static size_t tag_size(const struct srtp_transport *s)
{
    return s->gcm ? RTP_GCM_TAG_SIZE : CM_TAG_SIZE;
}

static int from_libsrtp(srtp_err_status_t status)
{
    switch (status) {
    case srtp_err_status_ok:
        return 0;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
        return -EALREADY;
    case srtp_err_status_alloc_fail:
    case srtp_err_status_init_fail:
        return -ENOMEM;
    default:
        return -EBADMSG;
    }
}

/* ---- set-up ---- */

static int new_session(enum srtp_profile_id profile, srtp_ssrc_type_t direction, const uint8_t *key,
                       const uint8_t *salt, size_t salt_len, srtp_t *ret)
{
    uint8_t master[DTLS_KEY_MAX + DTLS_SALT_MAX];
    srtp_policy_t policy = {
        .ssrc.type = direction,
        .key = master,
        .window_size = REPLAY_WINDOW,
    };
    srtp_profile_t p = profile == SRTP_ID_AEAD_AES_128_GCM ? srtp_profile_aead_aes_128_gcm
                                                           : srtp_profile_aes128_cm_sha1_80;
    int r = -EINVAL;

    memcpy(master, key, DTLS_KEY_MAX);
    memcpy(master + DTLS_KEY_MAX, salt, salt_len);
    if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, p) == srtp_err_status_ok &&
        srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, p) == srtp_err_status_ok)
        r = from_libsrtp(srtp_create(ret, &policy));
    secret_wipe(master, sizeof(master));
    return r;
}

static int new_gcm(const uint8_t *key, const uint8_t *salt, struct rtp_gcm **ret_g)
{
    uint8_t padded_salt[RTP_KDF_SALT_SIZE] = {0};
    uint8_t session_key[RTP_GCM_KEY_SIZE];
    uint8_t session_salt[RTP_GCM_SALT_SIZE];
    int r;

    memcpy(padded_salt, salt, RTP_GCM_SALT_SIZE);
    r = rtp_kdf(key, padded_salt, RTP_KDF_LABEL_CIPHER, session_key, sizeof(session_key));
    if (r == 0)
        r = rtp_kdf(key, padded_salt, RTP_KDF_LABEL_SALT, session_salt, sizeof(session_salt));
    if (r == 0)
        r = rtp_gcm_new(session_key, session_salt, ret_g);
    secret_wipe(session_key, sizeof(session_key));
    secret_wipe(session_salt, sizeof(session_salt));
    secret_wipe(padded_salt, sizeof(padded_salt));
    return r;
}

int srtp_transport_new(const struct dtls_keys *keys, struct srtp_transport **ret_s)
{
    bool gcm = keys->profile == SRTP_ID_AEAD_AES_128_GCM;
    struct srtp_transport *s;
    int r;

    if ((!gcm && keys->profile != SRTP_ID_AES128_CM_SHA1_80) || keys->salt_len != (gcm ? 12 : 14))
        return -EINVAL;
    s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->profile = keys->profile;
    r = new_session(s->profile, ssrc_any_inbound, keys->client_key, keys->client_salt,
                    keys->salt_len, &s->in);
    if (r == 0)
        r = new_session(s->profile, ssrc_any_outbound, keys->server_key, keys->server_salt,
                        keys->salt_len, &s->out);
    if (r == 0 && gcm)
        r = new_gcm(keys->server_key, keys->server_salt, &s->gcm);
    if (r < 0) {
        srtp_transport_free(s);
        return r;
    }
    *ret_s = s;
    return 0;
}

struct srtp_transport *srtp_transport_free(struct srtp_transport *s)
{
    if (!s)
        return NULL;
    while (s->senders) {
        struct srtp_sender *next = s->senders->next;

        free(s->senders);
        s->senders = next;
    }
    if (s->in)
        srtp_dealloc(s->in);
    if (s->out)
        srtp_dealloc(s->out);
    rtp_gcm_free(s->gcm);
    free(s);
    return NULL;
}

/* ---- sending ---- */

int srtp_transport_add_sender(struct srtp_transport *s, uint32_t ssrc, struct srtp_sender **ret_st)
{
    struct srtp_sender *st;

    for (st = s->senders; st; st = st->next)
        if (st->ssrc == ssrc)
            return -EEXIST;
    if (s->n_senders == SRTP_SSRC_MAX)
        return -ENOSPC;
    st = calloc(1, sizeof(*st));
    if (!st)
        return -ENOMEM;
    st->transport = s;
    st->ssrc = ssrc;
    st->next = s->senders;
    s->senders = st;
    s->n_senders++;
    *ret_st = st;
    return 0;
}

/* RFC 3550 section 5.1; 0 when it does not fit.
 *    0                   1                   2                   3
 *   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *   |                           timestamp                           |
 *   |                             SSRC                              |
 *   |                         CSRC, CC times                        |
 *   |   defined by profile (X)      |        length in words        | */
static size_t rtp_header_len(struct bytes packet)
{
    struct rd r = rd_init(packet);
    uint8_t first = rd_u8(&r);

    rd_skip(&r, RTP_HEADER_MIN - 1 + 4 * (size_t) (first & 0x0f));
    if (first & 0x10) {
        rd_skip(&r, 2);
        rd_skip(&r, 4 * (size_t) rd_u16(&r));
    }
    return r.failed || first >> 6 != 2 ? 0 : (size_t) (r.p - packet.p);
}

/* The index that seq stands for, when it lies ahead of all that were used. */
static bool next_index(const struct srtp_sender *st, uint16_t seq, uint64_t *ret_index)
{
    uint16_t step = (uint16_t) (seq - (uint16_t) st->highest);

    if (!st->used) {
        *ret_index = seq;
        return true;
    }
    if (step == 0 || step >= 0x8000)
        return false;
    *ret_index = st->highest + step;
    return true;
}

static int protect_with_libsrtp(struct srtp_transport *s, struct bytes plain, uint8_t *dst)
{
    int len = (int) plain.len;

    if (dst != plain.p)
        memcpy(dst, plain.p, plain.len);
    return srtp_protect(s->out, dst, &len) == srtp_err_status_ok ? 0 : -EIO;
}

int srtp_sender_protect(struct srtp_sender *st, struct bytes plain, size_t header_len, uint8_t *dst,
                        size_t cap, size_t *ret_len)
{
    struct srtp_transport *s = st->transport;
    size_t len = plain.len + tag_size(s);
    struct rd r = rd_init(plain);
    uint64_t index;
    uint16_t seq;
    int e;

    rd_skip(&r, 2);
    seq = rd_u16(&r);
    rd_skip(&r, 4);
    if (plain.len > UINT16_MAX || rd_u32(&r) != st->ssrc || r.failed ||
        header_len != rtp_header_len(plain))
        return -EINVAL;
    if (cap < len)
        return -ENOSPC;
    if (!next_index(st, seq, &index))
        return -EALREADY;
    st->highest = index; /* used up even if what follows fails */
    st->used = true;
    e = s->gcm ? rtp_gcm_seal(s->gcm, st->ssrc, index, plain, header_len, dst)
               : protect_with_libsrtp(s, plain, dst);
    if (e < 0)
        return e;
    *ret_len = len;
    return 0;
}

int srtp_transport_protect_rtcp(struct srtp_transport *s, uint8_t *buf, size_t *len, size_t cap)
{
    int n = (int) *len;

    if (*len < RTCP_HEADER_MIN || *len > UINT16_MAX)
        return -EINVAL;
    if (cap < *len + tag_size(s) + RTCP_INDEX_SIZE)
        return -ENOSPC;
    if (srtp_protect_rtcp(s->out, buf, &n) != srtp_err_status_ok)
        return -EIO;
    *len = (size_t) n;
    return 0;
}

/* ---- receiving ---- */

static bool knows_ssrc(const struct srtp_transport *s, uint32_t ssrc)
{
    for (size_t i = 0; i < s->n_in; i++)
        if (s->in_ssrcs[i] == ssrc)
            return true;
    return false;
}

/* libsrtp makes a stream for an SSRC once its first packet has proved authentic. So a stranger
 * costs nothing, and the peer itself is held to SRTP_IN_SSRC_MAX of them. */
static int unprotect(struct srtp_transport *s, srtp_err_status_t fn(srtp_t, void *, int *),
                     uint8_t *packet, size_t ssrc_at, size_t *len)
{
    struct rd r = rd_init(bytes_of(packet + ssrc_at, 4));
    uint32_t ssrc = rd_u32(&r);
    bool known = knows_ssrc(s, ssrc);
    int n = (int) *len;
    int e;

    if (!known && s->n_in == SRTP_IN_SSRC_MAX)
        return -ENOSPC;
    e = from_libsrtp(fn(s->in, packet, &n));
    if (e < 0)
        return e;
    if (!known)
        s->in_ssrcs[s->n_in++] = ssrc;
    *len = (size_t) n;
    return 0;
}

int srtp_transport_unprotect(struct srtp_transport *s, uint8_t *packet, size_t *len)
{
    size_t header_len = rtp_header_len(bytes_of(packet, *len));

    if (header_len == 0 || *len > UINT16_MAX || *len < header_len + tag_size(s))
        return -EBADMSG;
    return unprotect(s, srtp_unprotect, packet, 8, len);
}

int srtp_transport_unprotect_rtcp(struct srtp_transport *s, uint8_t *packet, size_t *len)
{
    if (*len > UINT16_MAX || *len < RTCP_HEADER_MIN + tag_size(s) + RTCP_INDEX_SIZE)
        return -EBADMSG;
    return unprotect(s, srtp_unprotect_rtcp, packet, 4, len);
}
