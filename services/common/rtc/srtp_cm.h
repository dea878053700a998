/* srtp_cm.h: SRTP and SRTCP of one transport under AES_CM_128_HMAC_SHA1_80 (RFC 3711), both
 * directions, over libsrtp2. For srtp.c, which has checked that lengths cover header, tag and
 * index. One thread per object. */
#pragma once

#include "rtc/srtp.h"

#define SRTP_CM_TAG_SIZE 10

struct srtp_cm;

int srtp_cm_global_init(void);

int srtp_cm_new(const struct dtls_keys *keys, struct srtp_cm **ret_c);
struct srtp_cm *srtp_cm_free(struct srtp_cm *c);

/* In place: appends 10 bytes. libsrtp2 counts the index by the same rules as the caller. */
int srtp_cm_protect(struct srtp_cm *c, uint8_t *packet, size_t len);

/* In place: appends 14 bytes. */
int srtp_cm_protect_rtcp(struct srtp_cm *c, uint8_t *buf, size_t *len);

/* In place. -EBADMSG, -EALREADY; -ENOSPC: SRTP_IN_SSRC_MAX others are known. */
int srtp_cm_unprotect(struct srtp_cm *c, uint32_t ssrc, uint8_t *packet, size_t *len);
int srtp_cm_unprotect_rtcp(struct srtp_cm *c, uint32_t ssrc, uint8_t *packet, size_t *len);
