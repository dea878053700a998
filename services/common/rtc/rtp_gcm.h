/* rtp_gcm.h: sealing RTP packets with AES-128-GCM (RFC 7714) under one session key, over OpenSSL.
 * It keeps no packet index: never giving it the same (SSRC, index) twice is the caller's duty. One
 * thread per object. */
#pragma once

#include "base/bytes.h"

#define RTP_GCM_KEY_SIZE 16
#define RTP_GCM_SALT_SIZE 12
#define RTP_GCM_TAG_SIZE 16

#define RTP_KDF_SALT_SIZE 14

/* Labels of RFC 3711 section 4.3.1. */
#define RTP_KDF_LABEL_CIPHER 0
#define RTP_KDF_LABEL_AUTH 1
#define RTP_KDF_LABEL_SALT 2

/* Session keys from master key and salt (RFC 3711 section 4.3, key derivation rate 0). A master
 * salt of 12 bytes is padded with zeros (RFC 7714 section 11). -ENOMEM. */
int rtp_kdf(const uint8_t master_key[static RTP_GCM_KEY_SIZE],
            const uint8_t salt[static RTP_KDF_SALT_SIZE], uint8_t label, uint8_t *ret, size_t len);

struct rtp_gcm;

/* With the session's key and salt. */
int rtp_gcm_new(const uint8_t key[static RTP_GCM_KEY_SIZE],
                const uint8_t salt[static RTP_GCM_SALT_SIZE], struct rtp_gcm **ret_g);
struct rtp_gcm *rtp_gcm_free(struct rtp_gcm *g); /* wipes the key; NULL is fine */

/* Writes plain.len + RTP_GCM_TAG_SIZE bytes: the header copied, the rest encrypted, the tag. dst is
 * plain.p itself or does not overlap it. index is ROC << 16 | SEQ. -EIO: dst is worthless. */
int rtp_gcm_seal(struct rtp_gcm *g, uint32_t ssrc, uint64_t index, struct bytes plain,
                 size_t header_len, uint8_t *dst);
