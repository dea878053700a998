/* link.h: JSON-RPC 2.0 between daemons over a stream socket.
 *
 * A message is a four-byte big-endian length and that many bytes of JSON. Both ends may send
 * requests and notifications. Requests carry a deadline; their continuation is called exactly
 * once: with the answer, with the peer's error, -ETIMEDOUT, or -ECONNRESET when the link ends.
 * Jansson's json_t is the currency; "steals" and "borrows" say who owns it. */
#pragma once

#include "loop/loop.h"

#include <jansson.h>

#define LINK_MESSAGE_MAX (1u << 20) /* bytes of JSON; a larger one ends the link */
#define LINK_QUEUE_MAX (16u << 20)  /* bytes waiting for a peer that does not read, likewise */

struct link;
struct link_request; /* of the peer, to be answered once */

/* Handlers run on the loop's thread, never inside another function of this module but link_free().
 * link_free() may be called inside any of them. Each may be NULL: requests are refused then,
 * notifications ignored. */
struct link_handlers {
    /* params is borrowed, NULL when absent. Answer with link_reply() or link_reply_error(), now or
     * later. */
    void (*on_request)(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg);
    void (*on_notification)(struct link *k, const char *method, json_t *params, void *arg);
    /* The link is over (error is a negative errno, -ECONNRESET for an orderly end). Free it here
     * or later; it sends nothing any more. */
    void (*on_closed)(struct link *k, int error, void *arg);
};

/* Takes over fd, a connected non-blocking stream socket (also on failure: it is closed). */
int link_new(struct loop *l, int fd, const struct link_handlers *handlers, void *arg,
             struct link **ret_link);

/* What was queued is sent as far as the socket takes it at once. Pending calls end with
 * -ECONNRESET; unanswered requests become invalid silently: answering them
 * later is allowed and does nothing. NULL is fine; returns NULL. on_closed is not called. */
struct link *link_free(struct link *k);

/* How many of our requests wait for their answer. */
size_t link_n_calls(const struct link *k);

/* error: 0, or a negative errno; -EREMOTEIO: the peer's error, then code and message are set.
 * result is borrowed, non-NULL exactly when error is 0. */
struct link_answer {
    int error;
    json_t *result;
    int code;
    const char *message;
};
typedef void link_answer_fn(const struct link_answer *answer, void *arg);

/* Steals params (NULL: none). fn is not called when this fails: -ENOTCONN when the link is over,
 * -EMSGSIZE, -ENOSPC (too many calls are pending), -ENOBUFS (the peer does not read), -ENOMEM. */
int link_call(struct link *k, const char *method, json_t *params, uint64_t timeout_ms,
              link_answer_fn *fn, void *arg);

/* Steals params. */
int link_notify(struct link *k, const char *method, json_t *params);

/* Both consume rq. Steals result (NULL: {}). */
void link_reply(struct link_request *rq, json_t *result);
void link_reply_error(struct link_request *rq, int code, const char *message);

/* ---- making connections ---- */

struct link_listener;
/* A new peer; make a link of fd (owned by the callee) or close it. */
typedef void link_accept_fn(struct link_listener *ls, int fd, void *arg);

/* Listens on a Unix socket at path, mode 0660; a stale socket file is replaced (-EADDRINUSE when
 * somebody listens there, or the file is something else). link_listener_free() may be called inside
 * fn. */
int link_listen(struct loop *l, const char *path, link_accept_fn *fn, void *arg,
                struct link_listener **ret_ls);

/* The same on a listening, non-blocking socket that somebody else made. Takes over fd, also on
 * failure. */
int link_listen_fd(struct loop *l, int fd, link_accept_fn *fn, void *arg,
                   struct link_listener **ret_ls);

/* Removes the socket file that it made. */
struct link_listener *link_listener_free(struct link_listener *ls);

/* A client that keeps trying: connects as soon as the loop runs, and again after 100 ms, doubling
 * up to 2 s, until it is freed, which may happen inside any handler. on_up is called with a fresh
 * link, which the dialer owns; on_down when it ended (the link is freed right after). Requests of
 * the peer go to handlers; its on_closed is unused, their arg is the dialer's. */
struct link_dialer;
struct link_dialer_handlers {
    void (*on_up)(struct link_dialer *d, struct link *k, void *arg);
    void (*on_down)(struct link_dialer *d, void *arg);
    /* Nobody listens, it is forbidden, ...: told when that begins, not at each attempt. May be
     * NULL. */
    void (*on_failed)(struct link_dialer *d, int error, void *arg);
    struct link_handlers handlers;
};
int link_dial(struct loop *l, const char *path, const struct link_dialer_handlers *handlers,
              void *arg, struct link_dialer **ret_d);
struct link_dialer *link_dialer_free(struct link_dialer *d);

/* The peer does not answer as it should: hangs up, without on_down, and begins anew in 2 s. */
void link_dialer_restart(struct link_dialer *d);

/* NULL while the link is down. */
struct link *link_dialer_link(struct link_dialer *d);
