/* web.h: HTTP/1.1 server and WebSockets on the caller's loop, over libmicrohttpd and wslay, the
 * only module that meets them. TLS is the proxy's.
 *
 * Everything runs on the loop's thread. A request is answered exactly once, now or later; until
 * then its fields are valid. Requests that no one answers get 504 after the deadline; the handler
 * may still "answer" such a one later (nothing is sent, web_header() gives NULL by then).
 * Deadlines are looked at once a second. */
#pragma once

#include "base/addr.h"
#include "loop/loop.h"

struct web; /* a server: several listeners, one handler */
struct web_request;
struct ws; /* one WebSocket */

enum web_limit { WEB_CONNECTIONS, WEB_PER_ADDRESS, WEB_WEBSOCKETS };

struct web_limits {       /* 0 takes the default named here */
    size_t header_bytes;  /* 24576; over it 431 (or 414) */
    size_t body_bytes;    /* 1048576; over it 413 */
    size_t bodies_bytes;  /* 67108864 kept for the bodies of all requests together; over it 503 */
    unsigned connections; /* 4096 HTTP connections at a time; over it the new one is closed */
    unsigned per_address; /* 0: no limit. Connections and WebSockets of one address (IPv6: of
                           * one /64; loopback is never limited); over it the new connection is
                           * closed, behind a trusted proxy the request gets 429 */
    unsigned websockets;  /* 10000; over it 503 */
    size_t ws_message_bytes; /* 65536; over it close 1009 */
    size_t ws_queue_bytes;   /* 1048576 waiting to be sent; over it the socket is dropped */
    size_t
        ws_queues_bytes; /* 268435456 in all these queues; over it each may hold an equal share */
    unsigned request_s;  /* 75 to receive a whole request; then the connection is cut */
    unsigned idle_s;     /* 75 of keep-alive without a request */
    unsigned answer_s;   /* 60 for the handler to answer; then 504 */

    /* One of these has struck, for somebody from there (family 0: not known). May be NULL. */
    void (*struck)(enum web_limit which, const struct addr *from, void *arg);
};

typedef void web_handler_fn(struct web_request *rq, void *arg);

/* arg: of handler, and of limits->struck. */
int web_new(struct loop *l, const struct web_limits *limits, web_handler_fn *handler, void *arg,
            struct web **ret_web);

/* fn is called before anything is sent to anybody: answers, messages. What the handlers did is then
 * done; it may not call web_ and ws_ functions. */
typedef void web_before_fn(void *arg);
void web_before_sending(struct web *w, web_before_fn *fn, void *arg);

/* Takes over fd, a listening non-blocking socket. trusted_proxy: believe X-Real-IP (a Unix socket
 * that only the proxy reaches). */
int web_add_listener(struct web *w, int fd, bool trusted_proxy);

/* Closes the listening sockets; connections go on. */
void web_stop_listening(struct web *w);

/* Hears of every answer as it is given, also of those that no handler gave; rq is borrowed. At most
 * one may. */
typedef void web_answer_fn(const struct web_request *rq, unsigned status, void *arg);
void web_on_answer(struct web *w, web_answer_fn *fn, void *arg);

struct web_counts {
    unsigned connections; /* now, without WebSockets */
    uint64_t refused;     /* ever: they were too many, of one address or in all */
};
void web_counts(const struct web *w, struct web_counts *ret);

/* A header of every answer, those included that the server gives by itself (413, 504, ...; not when
 * a request is no HTTP at all, or has far too long a head). Before requests come. Errors as
 * web_reply_header(). */
int web_always(struct web *w, const char *name, const char *value);

/* Open requests are answered 503 and are gone: web_reply() may not be called for them any more.
 * WebSockets are closed with 1001 without waiting (their on_closed is called). Not from inside a
 * handler. NULL is fine; returns NULL. */
struct web *web_free(struct web *w);

/* Listening sockets, for the callers of web_add_listener: non-blocking, close-on-exec, a negative
 * errno when it cannot be had. IPv6 sockets are IPV6_V6ONLY. */
int web_listen_tcp(const struct addr *a);

/* ---- requests ---- */

/* "GET"; upper or lower case as it came. */
const char *web_method(const struct web_request *rq);

/* The path as it came, percent-encoded, without the query. */
const char *web_path(const struct web_request *rq);

/* Segment i of the path, percent-decoded, NULL past the last one. "/a/b%2Fc" has "a" and "b/c";
 * a trailing slash makes no empty segment. Segments that decode to a NUL or a control character
 * make the request a 400 before the handler sees it. */
const char *web_segment(const struct web_request *rq, unsigned i);
unsigned web_n_segments(const struct web_request *rq);

/* The decoded path from segment i on, without a slash in front ("" past the last one); NULL when a
 * segment has a slash inside. For web_reply_file(). Valid until the next call. */
const char *web_rest(const struct web_request *rq, unsigned i);

/* Decoded; NULL when absent, "" when without a value. */
const char *web_query(const struct web_request *rq, const char *name);

/* Case-insensitive name; NULL when absent. */
const char *web_header(const struct web_request *rq, const char *name);

struct bytes web_body(const struct web_request *rq);

/* The client: X-Real-IP on a trusted listener, else the peer; family 0 on an untrusted Unix
 * socket. */
const struct addr *web_client(const struct web_request *rq);

/* Whom to hold to account for a wrong secret (throttle.h): the client. Programs of this machine
 * that come by loopback are not (false), unless they say for whom they speak (X-Real-IP, or else
 * the last of X-Forwarded-For): so a proxy on this machine has nobody but the guesser slowed. That
 * is believed for this alone. */
bool web_guesser(const struct web_request *rq, struct addr *ret);

/* Set before the answer; name and value are copied. -EINVAL for what is not a header (line breaks
 * would forge one) and for those that the server makes itself (Content-Length, Connection, ...);
 * -ENOMEM. */
int web_reply_header(struct web_request *rq, const char *name, const char *value);

/* Consumes rq. type may be NULL with an empty body. The body is copied. HEAD drops it by itself. */
void web_reply(struct web_request *rq, unsigned status, const char *type, struct bytes body);

/* Consumes rq: a file below dir, chosen by the path given ("" means index.html), with its type,
 * ETag, and 404 when there is none. Names with "..", leading dots or NULs are 404. */
void web_reply_file(struct web_request *rq, const char *dir, const char *path);

/* Basic credentials: true when the request carries exactly these (compared in constant time). */
bool web_basic_auth_matches(const struct web_request *rq, const char *user, const char *password);

/* Is this a WebSocket handshake (GET with Upgrade: websocket)? */
bool web_wants_upgrade(const struct web_request *rq);

/* ---- WebSockets ---- */

struct ws_handlers {
    /* A whole text message, valid UTF-8, borrowed. ws_close() is allowed inside. */
    void (*on_text)(struct ws *s, struct bytes text, void *arg);
    /* Called exactly once, also after ws_close(); s is invalid afterwards. code: as received (1005:
     * a close without a code); 1006 when the connection just ended; when the peer broke the rules,
     * the code that it was sent (1002, 1003 for binary messages, 1007, 1008, 1009). reason is
     * NUL-terminated UTF-8, "" if none. */
    void (*on_closed)(struct ws *s, unsigned code, const char *reason, void *arg);
};

/* Consumes rq: 101 and a socket, or the fitting 4xx/503 (then -EBADMSG, -ENOSPC, -ENOMEM), or
 * -ETIMEDOUT when rq has had its 504 already. handlers must stay valid. No handler is called before
 * this returns. */
int web_upgrade(struct web_request *rq, const struct ws_handlers *handlers, void *arg,
                struct ws **ret_ws);

#define WS_TOO_SLOW "Reads too slowly" /* with 1008 */

/* Queues a text message (UTF-8); it is sent when the events at hand are done, or at once when much
 * is queued. -ENOBUFS: the peer does not read, the queue is full, the socket is being closed for
 * that (WS_TOO_SLOW; what is queued is lost); -ENOTCONN: it is closing. */
int ws_send(struct ws *s, struct bytes text);

/* Sends what is queued, then the close frame; gives the peer 2 s to answer. */
void ws_close(struct ws *s, unsigned code, const char *reason);

/* The peer as web_client() had it at the handshake. */
const struct addr *ws_client(const struct ws *s);
