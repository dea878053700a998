/* session.h: one participant of a session, as openvidu-browser is one: WebSocket, joinRoom, streams
 * published and subscribed to, in the way of negotiating that the server names, leaveRoom. One
 * thread.
 *
 * Handlers may call anything but session_free() and session_stream_free() of what they are called
 * for; the loop's next turn may. */
#pragma once

#include "client/rpc_client.h"
#include "client/rtc_peer.h"

#define SESSION_ICE_MAX 8 /* ICE servers that are kept */
#define SESSION_ID_SIZE 256

struct session_config {
    const char *token; /* the whole text, as the application got it */
    const char *connect_to, *ca_file;
    bool any_certificate; /* as of http.h */
};

/* What the server offers for NAT traversal; texts are "" where absent. */
struct session_ice_server {
    char url[512];
    char user[512], password[512];
};

struct session;
struct session_stream;

/* Why something did not work. */
struct session_error {
    int error; /* a negative errno: -EREMOTEIO: refused, code says why; else as of http.h */
    int code;  /* of the protocol's error; or the HTTP status of a refused WebSocket */
    const char *message; /* for people */
    enum http_tls tls;
};

/* None may be NULL. */
struct session_handlers {
    void (*on_socket)(void *arg); /* the WebSocket is open; joinRoom is on its way */
    void (*on_joined)(void *arg);
    void (*on_stream)(const char *stream, bool is_there, void *arg); /* another's came, went */

    /* It could not join, or it is over; the last one. on_left's error is 0 after session_leave().
     */
    void (*on_end)(const struct session_error *why, void *arg);
};

int session_new(struct loop *l, struct http *h, const struct session_config *c,
                const struct session_handlers *handlers, void *arg, struct session **ret_s);

/* Its streams are freed. Ends the WebSocket at once. NULL is fine; returns NULL. */
struct session *session_free(struct session *s);

/* Says leaveRoom; on_end follows. */
void session_leave(struct session *s);

/* After on_joined. */
const char *session_connection(const struct session *s); /* our id */
const char *session_id(const struct session *s);
bool session_server_offers(const struct session *s); /* how subscriptions are negotiated */
unsigned session_ice_servers(const struct session *s, const struct session_ice_server **ret);

/* ---- streams ---- */

enum session_stream_state {
    SESSION_STREAM_GATHERING,
    SESSION_STREAM_NEGOTIATING, /* with signaling */
    SESSION_STREAM_CHECKING,    /* ICE */
    SESSION_STREAM_HANDSHAKE,   /* DTLS */
    SESSION_STREAM_CONNECTED,
    SESSION_STREAM_FAILED,
    N_SESSION_STREAM_STATES
};

struct session_stream_handlers {
    void (*on_state)(struct session_stream *m, enum session_stream_state state, void *arg);
    void (*on_rtp)(struct session_stream *m, enum sdp_kind kind, const struct rtp *rtp, void *arg);
};

struct session_stream_config {
    bool audio, video;
    rtc_new_ice_fn *new_ice; /* NULL: the checker of ice_check.h */
    void *ice_arg;
    const struct session_stream_handlers *handlers; /* stays the caller's; none may be NULL */
    void *arg;
};

/* After on_joined. */
int session_publish(struct session *s, struct rtc_hub *hub, const struct session_stream_config *c,
                    struct session_stream **ret_m);
int session_subscribe(struct session *s, struct rtc_hub *hub, const char *stream,
                      const struct session_stream_config *c, struct session_stream **ret_m);

/* Its transport ends. NULL is fine; returns NULL. */
struct session_stream *session_stream_free(struct session_stream *m);

enum session_stream_state session_stream_state(const struct session_stream *m);

/* In which it was when it failed, and why. */
enum session_stream_state session_stream_failed_in(const struct session_stream *m);
const struct session_error *session_stream_error(const struct session_stream *m);

const char *session_stream_id(const struct session_stream *m); /* "" of an own one unanswered */
struct rtc_peer *session_stream_peer(struct session_stream *m);
