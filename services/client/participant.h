/* participant.h: one participant of a session, as openvidu-browser is one: WebSocket, joinRoom,
 * streams published and subscribed to, in the way of negotiating that the server names, leaveRoom.
 * One thread.
 *
 * Handlers may call anything but participant_free() and participant_stream_free() of what they are
 * called for; the loop's next turn may. */
#pragma once

#include "client/rpc_client.h"
#include "client/rtc_peer.h"

#define PARTICIPANT_ICE_MAX 8   /* ICE servers that are kept */
#define PARTICIPANT_ID_SIZE 256 /* of sessions, connections and streams */

struct participant_config {
    const char *token; /* the whole text, as the application got it */
    const char *connect_to, *ca_file;
    bool any_certificate; /* as of http.h */
};

/* What the server offers for NAT traversal; texts are "" where absent. */
struct participant_ice_server {
    char url[512];
    char user[512], password[512];
};

struct participant;
struct participant_stream;

/* Why something did not work. */
struct participant_error {
    int error; /* a negative errno: -EREMOTEIO: refused, code says why; else as of http.h */
    int code;  /* of the protocol's error; or the HTTP status of a refused WebSocket */
    const char *message; /* for people */
    enum http_tls tls;
};

/* None may be NULL. */
struct participant_handlers {
    void (*on_socket)(void *arg); /* the WebSocket is open; joinRoom is on its way */
    void (*on_joined)(void *arg);
    void (*on_stream)(const char *stream, bool is_there, void *arg); /* another's came, went */

    /* It could not join, or it is over; the last one. error is 0 after participant_leave(). */
    void (*on_end)(const struct participant_error *why, void *arg);
};

int participant_new(struct loop *l, struct http *h, const struct participant_config *c,
                    const struct participant_handlers *handlers, void *arg,
                    struct participant **ret_p);

/* Its streams are freed. Ends the WebSocket at once. NULL is fine; returns NULL. */
struct participant *participant_free(struct participant *p);

/* Says leaveRoom; on_end follows. */
void participant_leave(struct participant *p);

/* After on_joined. */
bool participant_server_offers(const struct participant *p); /* how subscriptions are negotiated */
unsigned participant_ice_servers(const struct participant *p,
                                 const struct participant_ice_server **ret);

/* ---- streams ----
 *
 * One that watches asks for lost packets of video again, and for a key frame when it begins with
 * something else or a packet never comes. One that publishes is told what it is asked for
 * (on_rtcp); what it sends is media_source.h's. */

enum participant_stream_state {
    PARTICIPANT_STREAM_GATHERING,
    PARTICIPANT_STREAM_NEGOTIATING, /* with signaling */
    PARTICIPANT_STREAM_CHECKING,    /* ICE */
    PARTICIPANT_STREAM_HANDSHAKE,   /* DTLS */
    PARTICIPANT_STREAM_CONNECTED,
    PARTICIPANT_STREAM_FAILED,
};

struct participant_stream_handlers {
    void (*on_state)(struct participant_stream *m, enum participant_stream_state state, void *arg);

    /* Each packet once; NULL when none is wanted. repeated: it was lost, and came when it was asked
     * for; rtp's sequence number is that of the packet then. */
    void (*on_rtp)(struct participant_stream *m, enum sdp_kind kind, const struct rtp *rtp,
                   bool repeated, void *arg);
    void (*on_rtcp)(struct participant_stream *m, const struct rtcp *rtcp, void *arg); /* or NULL */
};

struct participant_stream_config {
    bool audio, video;
    rtc_new_ice_fn *new_ice; /* NULL: the checker of ice_check.h */
    void *ice_arg;
    const struct participant_stream_handlers *handlers; /* stays the caller's */
    void *arg;
};

/* After on_joined. */
int participant_publish(struct participant *p, struct rtc_hub *hub,
                        const struct participant_stream_config *c,
                        struct participant_stream **ret_m);
int participant_subscribe(struct participant *p, struct rtc_hub *hub, const char *stream,
                          const struct participant_stream_config *c,
                          struct participant_stream **ret_m);

/* Its transport ends. NULL is fine; returns NULL. */
struct participant_stream *participant_stream_free(struct participant_stream *m);

enum participant_stream_state participant_stream_state(const struct participant_stream *m);

/* In which it was when it failed, and why. */
enum participant_stream_state participant_stream_failed_in(const struct participant_stream *m);
const struct participant_error *participant_stream_error(const struct participant_stream *m);

const char *
participant_stream_id(const struct participant_stream *m); /* "" of an own one unanswered */
struct rtc_peer *participant_stream_peer(struct participant_stream *m);
