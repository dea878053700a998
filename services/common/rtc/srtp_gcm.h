/* srtp_gcm.h: SRTP and SRTCP of one transport under AEAD_AES_128_GCM (RFC 7714), both directions.
 * libsrtp2 can do this too, on NSS, with 36 kB a transport and more than twice the time. For
 * srtp.c, which has checked that lengths cover header, tag and index. One thread per object. */
#pragma once

#include "rtc/srtp.h"

struct srtp_gcm;

int srtp_gcm_new(const struct dtls_keys *keys, struct srtp_gcm **ret_g);
struct srtp_gcm *srtp_gcm_free(struct srtp_gcm *g);

/* What RTP is sealed with; never an index of an SSRC twice. */
struct rtp_gcm *srtp_gcm_sending(const struct srtp_gcm *g);

/* In place: appends 20 bytes. -EOVERFLOW: all 2^31 indices are used. */
int srtp_gcm_protect_rtcp(struct srtp_gcm *g, uint32_t ssrc, uint8_t *buf, size_t *len);

/* In place. -EBADMSG, -EALREADY; -ENOSPC: SRTP_IN_SSRC_MAX others are known. */
int srtp_gcm_unprotect(struct srtp_gcm *g, uint32_t ssrc, uint8_t *packet, size_t header_len,
                       size_t *len);
int srtp_gcm_unprotect_rtcp(struct srtp_gcm *g, uint32_t ssrc, uint8_t *packet, size_t *len);
