/* srtp.h: SRTP and SRTCP (RFC 3711, 7714) of one transport: AES-128-GCM by OpenSSL, AES-CM by
 * libsrtp2. (Debian's libsrtp2, on NSS, does GCM too, with 36 kB a transport instead of 5 and two
 * to three times the CPU time; the tests hold the two against each other.)
 *
 * GCM breaks when two different packets are protected under one (key, SSRC, ROC, SEQ). So the
 * sender notes every index that it used, in a window behind the highest one, and refuses to protect
 * anything twice, or behind the window; a packet that merely came late goes out under its own
 * number. A retransmission is the same ciphertext, kept by the caller, or goes out on an RTX SSRC.
 * One thread per object. */
#pragma once

#include "rtc/dtls.h"

#define SRTP_OVERHEAD_MAX 32 /* bytes that protection may add: tag and, for RTCP, the index */
#define SRTP_SSRC_MAX 64     /* sending SSRCs of one transport */
#define SRTP_IN_SSRC_MAX 32  /* SSRCs that a peer may send from, RTP and RTCP counted together */

/* Our names say srtp_transport_ and srtp_sender_: plain srtp_ is libsrtp's. */

int srtp_transport_global_init(void); /* once per process, before any thread */

struct srtp_transport;

/* We are the DTLS server: sends with the server's key, receives with the client's. */
int srtp_transport_new(const struct dtls_keys *keys, struct srtp_transport **ret_s);
struct srtp_transport *srtp_transport_free(struct srtp_transport *s); /* wipes the keys */

enum srtp_profile_id srtp_transport_profile(const struct srtp_transport *s);
const char *srtp_profile_id_name(enum srtp_profile_id id); /* "SRTP_AEAD_AES_128_GCM" */

/* A sending stream: roll-over counter 0 with its first packet. -EEXIST, -ENOSPC. The handle is
 * valid for the object's life and never reused for another SSRC. */
struct srtp_sender;
int srtp_transport_add_sender(struct srtp_transport *s, uint32_t ssrc, struct srtp_sender **ret_st);

/* Protects in one pass from `plain` to dst: header (header_len bytes, as written in plain) copied,
 * payload encrypted, tag appended. dst may be plain itself, else they must not overlap. plain's
 * SSRC must be the stream's, header_len what its first bytes say: -EINVAL.
 * The index is derived from the sequence number, which may move forward by less than 2^15. Start
 * below 2^15, or a receiver that misses the first packets guesses the roll-over counter wrong.
 * -EALREADY: this index was used before, or is too old to tell (SRTP_REPLAY_WINDOW), or too far
 * ahead; nothing is written. -ENOSPC: cap
 * is below plain.len and the tag (16 bytes for GCM, 10 for CM), likewise. */
int srtp_sender_protect(struct srtp_sender *st, struct bytes plain, size_t header_len, uint8_t *dst,
                        size_t cap, size_t *ret_len);

/* The same from its parts, for one payload that goes to many: dst begins with the header, written
 * there already; payload lies elsewhere, and is encrypted behind it. padding bytes of RTP padding
 * follow (RFC 3550 section 5.1; the header's P bit is the caller's), 0: none. */
int srtp_sender_seal(struct srtp_sender *st, uint8_t *dst, size_t cap, size_t header_len,
                     struct bytes payload, uint8_t padding, size_t *ret_len);

/* Has the processor fetch what sealing needs into its caches, for later: in so many steps, from 0
 * on, each some time after the one before. */
#define SRTP_SENDER_FETCH_STEPS 3
void srtp_sender_fetch(const struct srtp_sender *st, unsigned step);

/* In place; buf has cap bytes, *len is updated. -ENOSPC, -EINVAL. The first SSRC is the
 * sender's, one of ours. */
int srtp_transport_protect_rtcp(struct srtp_transport *s, uint8_t *buf, size_t *len, size_t cap);

/* In place. -EBADMSG: not authentic; -EALREADY: replayed; -ENOSPC: one SSRC too many. An SSRC takes
 * its place with its first authentic packet. */
int srtp_transport_unprotect(struct srtp_transport *s, uint8_t *packet, size_t *len);
int srtp_transport_unprotect_rtcp(struct srtp_transport *s, uint8_t *packet, size_t *len);
