#include "rtc/srtp.h"

#include "base/buf.h"
#include "rtc/rtp_gcm.h"
#include "rtc/srtp_cm.h"
#include "rtc/srtp_gcm.h"
#include "rtc/srtp_replay.h"

#include <errno.h>
#include <stdlib.h>

#define RTP_HEADER_MIN 12
#define RTCP_HEADER_MIN 8
#define RTCP_INDEX_SIZE 4

/* The ciphers are the transport's: one of them is there. */
struct srtp_sender {
    struct rtp_gcm *gcm;
    struct srtp_cm *cm;
    uint32_t ssrc;
    struct srtp_replay used; /* ROC << 16 | SEQ of what was protected */
    struct srtp_sender *next;
};

/* One of gcm and cm is there. */
struct srtp_transport {
    struct srtp_gcm *gcm;
    struct srtp_cm *cm;
    struct srtp_sender *senders;
    size_t n_senders;
};

int srtp_transport_global_init(void)
{
    return srtp_cm_global_init();
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
    return s->gcm ? SRTP_ID_AEAD_AES_128_GCM : SRTP_ID_AES128_CM_SHA1_80;
}

static size_t sender_tag_size(const struct srtp_sender *st)
{
    return st->gcm ? RTP_GCM_TAG_SIZE : SRTP_CM_TAG_SIZE;
}

static size_t tag_size(const struct srtp_transport *s)
{
    return s->gcm ? RTP_GCM_TAG_SIZE : SRTP_CM_TAG_SIZE;
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
    r = gcm ? srtp_gcm_new(keys, &s->gcm) : srtp_cm_new(keys, &s->cm);
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
    srtp_gcm_free(s->gcm);
    srtp_cm_free(s->cm);
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
    st->gcm = s->gcm ? srtp_gcm_sending(s->gcm) : NULL;
    st->cm = s->cm;
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

/* The index that seq stands for, when it was not used yet. A step ahead of 2^15 or more would be
 * another index to the receiver. */
static bool unused_index(const struct srtp_sender *st, uint16_t seq, uint64_t *ret_index)
{
    uint64_t index = srtp_replay_guess(&st->used, seq);

    if (st->used.any && index > st->used.highest && index - st->used.highest >= 0x8000)
        return false;
    *ret_index = index;
    return srtp_replay_allows(&st->used, index);
}

/* Of a packet of len bytes with this header, to be written where cap bytes are: its index, which is
 * used up from now on, even if what follows fails. */
static int take_index(struct srtp_sender *st, struct bytes header, size_t len, size_t cap,
                      uint64_t *ret_index)
{
    struct rd r = rd_init(header);
    uint16_t seq;

    rd_skip(&r, 2);
    seq = rd_u16(&r);
    rd_skip(&r, 4);
    if (len > UINT16_MAX || rd_u32(&r) != st->ssrc || r.failed ||
        header.len != rtp_header_len(header))
        return -EINVAL;
    if (cap < len + sender_tag_size(st))
        return -ENOSPC;
    if (!unused_index(st, seq, ret_index))
        return -EALREADY;
    srtp_replay_add(&st->used, *ret_index);
    return 0;
}

/* dst has the header, and the payload too if it is not elsewhere. */
static int seal(struct srtp_sender *st, uint64_t index, uint8_t *dst, size_t header_len,
                struct bytes payload, size_t *ret_len)
{
    uint8_t *text = dst + header_len;
    size_t len = header_len + payload.len;
    int r;

    if (st->gcm) {
        struct rtp_gcm_packet p = {st->ssrc, index, bytes_of(dst, header_len), bytes_of(NULL, 0)};

        r = rtp_gcm_seal(st->gcm, &p, payload, text);
    } else {
        if (payload.len > 0 && payload.p != text)
            memcpy(text, payload.p, payload.len);
        r = srtp_cm_protect(st->cm, dst, len);
    }
    if (r == 0)
        *ret_len = len + sender_tag_size(st);
    return r;
}

int srtp_sender_protect(struct srtp_sender *st, struct bytes plain, size_t header_len, uint8_t *dst,
                        size_t cap, size_t *ret_len)
{
    struct bytes payload;
    uint64_t index;
    int r;

    if (header_len > plain.len)
        return -EINVAL;
    r = take_index(st, bytes_of(plain.p, header_len), plain.len, cap, &index);
    if (r < 0)
        return r;
    payload = bytes_of(plain.p + header_len, plain.len - header_len);
    if (dst != plain.p)
        memcpy(dst, plain.p, header_len);
    return seal(st, index, dst, header_len, payload, ret_len);
}

int srtp_sender_seal(struct srtp_sender *st, uint8_t *dst, size_t cap, size_t header_len,
                     struct bytes payload, uint8_t padding, size_t *ret_len)
{
    size_t len = header_len + payload.len + padding;
    uint8_t *text = dst + header_len;
    uint64_t index;
    int r = take_index(st, bytes_of(dst, header_len), len, cap, &index);

    if (r < 0)
        return r;
    if (padding > 0) {
        if (payload.len > 0)
            memcpy(text, payload.p, payload.len);
        memset(text + payload.len, 0, padding);
        payload = bytes_of(text, payload.len + padding);
        text[payload.len - 1] = padding;
    }
    return seal(st, index, dst, header_len, payload, ret_len);
}

void srtp_sender_fetch(const struct srtp_sender *st, unsigned step)
{
    if (step == 0) {
        __builtin_prefetch(st);
        __builtin_prefetch((const char *) st + sizeof(*st) - 1);
    } else if (st->gcm) {
        rtp_gcm_fetch(st->gcm, step - 1);
    }
}

static uint32_t ssrc_at(const uint8_t *p)
{
    struct rd r = rd_init(bytes_of(p, 4));

    return rd_u32(&r);
}

int srtp_transport_protect_rtcp(struct srtp_transport *s, uint8_t *buf, size_t *len, size_t cap)
{
    if (*len < RTCP_HEADER_MIN || *len > UINT16_MAX)
        return -EINVAL;
    if (cap < *len + tag_size(s) + RTCP_INDEX_SIZE)
        return -ENOSPC;
    return s->gcm ? srtp_gcm_protect_rtcp(s->gcm, ssrc_at(buf + 4), buf, len)
                  : srtp_cm_protect_rtcp(s->cm, buf, len);
}

/* ---- receiving ---- */

int srtp_transport_unprotect(struct srtp_transport *s, uint8_t *packet, size_t *len)
{
    size_t header_len = rtp_header_len(bytes_of(packet, *len));

    if (header_len == 0 || *len > UINT16_MAX || *len < header_len + tag_size(s))
        return -EBADMSG;
    return s->gcm ? srtp_gcm_unprotect(s->gcm, ssrc_at(packet + 8), packet, header_len, len)
                  : srtp_cm_unprotect(s->cm, ssrc_at(packet + 8), packet, len);
}

int srtp_transport_unprotect_rtcp(struct srtp_transport *s, uint8_t *packet, size_t *len)
{
    if (*len > UINT16_MAX || *len < RTCP_HEADER_MIN + tag_size(s) + RTCP_INDEX_SIZE)
        return -EBADMSG;
    return s->gcm ? srtp_gcm_unprotect_rtcp(s->gcm, ssrc_at(packet + 4), packet, len)
                  : srtp_cm_unprotect_rtcp(s->cm, ssrc_at(packet + 4), packet, len);
}
