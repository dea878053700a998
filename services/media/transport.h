/* transport.h: one peer connection: ICE, DTLS and SRTP on the worker's socket.
 *
 * Media passes in neither direction before the peer's certificate was compared with the
 * fingerprint from signalling, whichever of the two comes first. Lives on its worker. */
#pragma once

#include "media/agent.h"
#include "media/ice_lite.h"
#include "media/kept_text.h"
#include "media/negotiate.h"
#include "media/path.h"
#include "media/tuple_table.h"
#include "media/worker.h"

#include "rtc/srtp.h"

#define TRANSPORT_EVENTS_MAX 8

struct transport;

/* A state, and since when (on the wall). */
struct transport_event {
    enum transport_state state;
    uint64_t at_ms;
};

/* packet is decrypted and may be changed in place, cap bytes of memory belong to it. None of these
 * may free the transport. */
struct transport_handlers {
    void (*on_state)(struct transport *t, void *arg);
    /* What the log says of whom it is for; borrowed. arg may be NULL. */
    void (*describe)(struct log_ids *ret, const void *arg);
    void (*on_rtp)(struct transport *t, uint8_t *packet, size_t len, void *arg);
    void (*on_rtcp)(struct transport *t, struct bytes packet, void *arg);
};

struct transport {
    /* of each packet that it sends */
    struct worker *worker;
    enum transport_state state;
    bool was_connected;
    uint64_t packets_out, bytes_out;
    struct path path; /* the selected pair */

    uint64_t packets_in, bytes_in;
    struct srtp_transport *srtp; /* NULL until keys are there and the fingerprint was right */
    const struct transport_handlers *handlers;
    void *arg;
    struct ice_lite ice;
    struct agent *agent;                     /* in its place, but for the credentials; or NULL */
    struct tuple_claim claims[ICE_PAIR_MAX]; /* of ice.pairs, those of the UDP socket */

    struct dtls *dtls;                    /* NULL before the handshake, and some time after it */
    struct handshake handshake;           /* open while it goes on */
    const struct udp_datagram *dtls_from; /* the datagram being answered, or NULL */
    bool has_remote;
    char fingerprint_hash[16];
    uint8_t fingerprint[64];
    size_t fingerprint_len;

    struct wheel_timer dtls_timer; /* retransmission, later the end of dtls */
    struct wheel_timer consent_timer;
    uint64_t created_us;
    uint64_t first_check_us, connected_us; /* 0: not yet */

    /* for people who look */
    struct kept_text *remote_sdp, *local_sdp;            /* NULL: none yet, or too long */
    struct transport_event events[TRANSPORT_EVENTS_MAX]; /* the latest, oldest first */
    unsigned n_events;
};

/* agent: NULL, or taken over when this succeeds. -EMFILE: as many transports as the configuration
 * allows. */
int transport_new(struct worker *w, struct agent *agent, const struct transport_handlers *handlers,
                  void *arg, struct transport **ret_t);

/* Sends close_notify while it can. NULL is fine; returns NULL. */
struct transport *transport_free(struct transport *t);

/* The fingerprint from the peer's SDP. May connect the transport at once. */
void transport_set_remote(struct transport *t, const struct neg_peer *peer);

static inline bool transport_is_connected(const struct transport *t)
{
    return t->state == TRANSPORT_CONNECTED;
}

/* A handshake is to come, or under way. */
bool transport_awaits_handshake(const struct transport *t);

/* Keeps copies of what was signalled. NULL p: as before. */
void transport_keep_sdp(struct transport *t, struct bytes remote, struct bytes local);

/* The worker's demultiplexer (demux.h) calls these. */
void transport_on_check(struct transport *t, const struct stun *m, const struct udp_datagram *d);
void transport_on_dtls(struct transport *t, const struct udp_datagram *d);

/* True: it was authentic, and is done with. Then tell by which pair it came. */
bool transport_on_media(struct transport *t, struct udp_datagram *d);
void transport_heard(struct transport *t, struct ice_pair *pair);

/* Nothing comes or goes by w any more; the transport lets go of it. */
void transport_way_lost(struct transport *t, struct way *w);

/* The agent's pair is another one; there is none any more. */
void transport_on_agent_pair(struct transport *t, const struct addr *remote,
                             const struct addr *local);
void transport_on_agent_failed(struct transport *t);

/* A line about it. */
void transport_log(const struct transport *t, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Sends the protected datagram that was written into a room of udp_reserve(). */
void transport_commit(struct transport *t, const uint8_t *room, size_t len);

/* Protects and sends a compound of at most 1,400 bytes. */
void transport_send_rtcp(struct transport *t, struct bytes compound);
