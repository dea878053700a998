/* rtp_gcm.h: AES-128-GCM as RFC 7714 applies it to RTP and RTCP packets, one direction under one
 * session key, over OpenSSL; and the key derivation of RFC 3711.
 * It keeps no packet index: never sealing twice under one (SSRC, index) is the caller's duty. One
 * thread per object. */
#pragma once

#include "base/bytes.h"

#define RTP_GCM_KEY_SIZE 16
#define RTP_GCM_SALT_SIZE 12
#define RTP_GCM_TAG_SIZE 16

#define RTP_KDF_SALT_SIZE 14

/* Labels of RFC 3711 section 4.3. */
enum rtp_kdf_label {
    RTP_KDF_RTP_CIPHER,
    RTP_KDF_RTP_AUTH,
    RTP_KDF_RTP_SALT,
    RTP_KDF_RTCP_CIPHER,
    RTP_KDF_RTCP_AUTH,
    RTP_KDF_RTCP_SALT,
};

/* Session keys from master key and salt (RFC 3711 section 4.3, key derivation rate 0). A master
 * salt of 12 bytes is padded with zeros (RFC 7714 section 11). -ENOMEM. */
int rtp_kdf(const uint8_t master_key[static RTP_GCM_KEY_SIZE],
            const uint8_t salt[static RTP_KDF_SALT_SIZE], enum rtp_kdf_label label, uint8_t *ret,
            size_t len);

struct rtp_gcm;

/* With the session's key and salt, for sealing or for opening. */
int rtp_gcm_new(const uint8_t key[static RTP_GCM_KEY_SIZE],
                const uint8_t salt[static RTP_GCM_SALT_SIZE], bool seals, struct rtp_gcm **ret_g);
struct rtp_gcm *rtp_gcm_free(struct rtp_gcm *g); /* wipes the key; NULL is fine */

/* What is authenticated with a packet and not encrypted: its header; for RTCP also the last word,
 * which is empty for RTP. index is ROC << 16 | SEQ, or that of SRTCP. */
struct rtp_gcm_packet {
    uint32_t ssrc;
    uint64_t index;
    struct bytes header;
    struct bytes trailer;
};

/* Writes text.len + RTP_GCM_TAG_SIZE bytes. dst is text.p itself or does not overlap it. -EIO: dst
 * is worthless. */
int rtp_gcm_seal(struct rtp_gcm *g, const struct rtp_gcm_packet *p, struct bytes text,
                 uint8_t *dst);

/* In place: len bytes and the tag behind them. -EBADMSG: not authentic, and text is worthless. */
int rtp_gcm_open(struct rtp_gcm *g, const struct rtp_gcm_packet *p, uint8_t *text, size_t len);

/* Has the processor fetch what rtp_gcm_seal() needs: step 0, and some time later 1. */
void rtp_gcm_fetch(const struct rtp_gcm *g, unsigned step);
