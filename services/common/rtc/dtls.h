/* dtls.h: DTLS of a media transport (RFC 5763, 5764, 6347), over OpenSSL: the server's end, and the
 * client's, for our own WebRTC client.
 *
 * It neither owns sockets nor timers: datagrams go in and out by calls, the owner runs the
 * retransmission timer. One thread per object; struct dtls_identity may be shared read-only. */
#pragma once

#include "base/bytes.h"

#define DTLS_FINGERPRINT_SIZE 32      /* sha-256 */
#define DTLS_FINGERPRINT_TEXT_SIZE 96 /* "AB:CD:..." with its NUL */
#define DTLS_KEY_MAX 16
#define DTLS_SALT_MAX 14

/* The process's certificate and TLS context: P-256, self-signed, made at start, never on disk. */
struct dtls_identity;
int dtls_identity_new(struct dtls_identity **ret_id);
struct dtls_identity *dtls_identity_free(struct dtls_identity *id);
const char *dtls_identity_fingerprint(const struct dtls_identity *id); /* text of sha-256 */

enum dtls_state {
    DTLS_HANDSHAKE, /* waiting for, or talking to, the client */
    DTLS_CONNECTED, /* keys are there; verify the fingerprint before using them */
    DTLS_CLOSED,    /* close_notify */
    DTLS_FAILED,
};

enum srtp_profile_id {
    SRTP_ID_NONE,
    SRTP_ID_AES128_CM_SHA1_80,
    SRTP_ID_AEAD_AES_128_GCM,
};

/* Master keys as exported (RFC 5764 section 4.2). salt_len is 12 for GCM, 14 for CM. */
struct dtls_keys {
    enum srtp_profile_id profile;
    size_t salt_len;
    uint8_t client_key[DTLS_KEY_MAX], server_key[DTLS_KEY_MAX];
    uint8_t client_salt[DTLS_SALT_MAX], server_salt[DTLS_SALT_MAX];
};

/* One datagram to be sent to the peer, 1,200 bytes at most; called from within dtls_begin(),
 * dtls_input(), dtls_timeout() and dtls_close(). It must not call back into the object. */
typedef void dtls_send_fn(struct bytes datagram, void *arg);

struct dtls;
int dtls_new(const struct dtls_identity *id, dtls_send_fn *fn, void *arg, struct dtls **ret_d);

/* The client's end. profiles: OpenSSL's list of SRTP profiles, NULL: the server's. -EINVAL. */
int dtls_client_new(const struct dtls_identity *id, const char *profiles, dtls_send_fn *fn,
                    void *arg, struct dtls **ret_d);

/* The client's first flight leaves, by fn. Once. */
enum dtls_state dtls_begin(struct dtls *d);

struct dtls *dtls_free(struct dtls *d); /* wipes keys; NULL is fine */

/* Takes one datagram. Returns the state after it. Records of a finished handshake that come again
 * make it repeat its last flight (keep feeding them after DTLS_CONNECTED). Application data is
 * dropped. DTLS_CLOSED and DTLS_FAILED are final: nothing is read or sent any more.
 * Before our first flight nothing that comes is final: records that no client sends are dropped, a
 * hello of no use changes nothing (another may follow), and alerts in the clear mean nothing. */
enum dtls_state dtls_input(struct dtls *d, struct bytes datagram);

/* Microseconds until dtls_timeout() wants to be called; UINT64_MAX: not at all. Ask again after
 * every dtls_input() and dtls_timeout(). Retransmissions come 100 ms after a flight, then doubling
 * to at most 3 s; a handshake that takes over 30 s from its first datagram fails. */
uint64_t dtls_next_timeout_us(const struct dtls *d);
enum dtls_state dtls_timeout(struct dtls *d);

enum dtls_state dtls_state(const struct dtls *d);

/* Why it failed, for the log; "" otherwise. Owned by d. */
const char *dtls_error(const struct dtls *d);

/* In DTLS_CONNECTED, else -ENOTCONN. The digest of the peer's certificate under the hash that its
 * signalling named ("sha-256", "sha-384", "sha-512"; -ENOTSUP for others; -ENOSPC). */
int dtls_peer_fingerprint(const struct dtls *d, struct bytes hash, uint8_t *ret, size_t cap,
                          size_t *ret_len);
int dtls_export_keys(const struct dtls *d, struct dtls_keys *ret);

/* Sends close_notify if connected; the state is DTLS_CLOSED then. */
void dtls_close(struct dtls *d);
