/* ws_client.h: the client's end of a WebSocket (RFC 6455) of text messages, over a connection of
 * the HTTP client. One thread. */
#pragma once

#include "http/http.h"

#define WS_CLIENT_MESSAGE_MAX (1 << 20)
#define WS_CLIENT_UNSENT_MAX 256 /* messages that may wait for the socket */

struct ws_client;

/* Why it ended. */
struct ws_client_end {
    int error;           /* 0: closed in order; else a negative errno, as of http_response */
    unsigned status;     /* of an HTTP answer that is not 101; else 0 */
    uint16_t code;       /* of the close frame that came; 0: none */
    const char *message; /* for people; "" when nothing went wrong */
    enum http_tls tls;   /* of -EPROTO */
};

/* None may be NULL. on_end comes once, as the last; not after ws_client_free(). Each may free the
 * client. */
struct ws_client_handlers {
    void (*on_open)(void *arg);
    void (*on_text)(struct bytes text, void *arg);
    void (*on_end)(const struct ws_client_end *end, void *arg);
};

/* rq: url ("http://..." for ws, "https://..." for wss), timeout_ms, connect_to, ca_file and
 * any_certificate count. */
int ws_client_new(struct loop *l, struct http *h, const struct http_request *rq,
                  const struct ws_client_handlers *handlers, void *arg, struct ws_client **ret_c);

/* Ends the connection at once. NULL is fine; returns NULL. */
struct ws_client *ws_client_free(struct ws_client *c);

/* -ENOTCONN: not open; -ENOSPC: too much waits. */
int ws_client_send(struct ws_client *c, struct bytes text);

/* Says the close frame; on_end follows when the other end has answered or ended. */
void ws_client_close(struct ws_client *c, uint16_t code, const char *reason);
