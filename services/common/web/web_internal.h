/* web_internal.h: what the files of the server share. */
#pragma once

#include "base/addr_count.h"
#include "base/blob.h"
#include "base/list.h"
#include "web/web.h"
#include "web/web_target.h"
#include "web/ws_group.h"

#include <microhttpd.h>

#define SECOND_US UINT64_C(1000000)

struct web_header {
    char *name;
    char *value;
};

struct web_headers {
    struct web_header *items;
    size_t n;
};

struct web {
    struct loop *loop;
    struct web_limits limits;
    web_handler_fn *handler;
    void *arg;
    web_before_fn *before; /* sending; may be NULL */
    void *before_arg;
    web_answer_fn *on_answer; /* NULL: nobody wants to know */
    void *on_answer_arg;
    struct MHD_Daemon *daemon;
    struct loop_io daemon_io;
    struct loop_timer daemon_timer;
    uint64_t daemon_timer_us; /* when it will fire, if armed */
    struct loop_defer pump;
    struct loop_timer sweep;
    struct list listeners;
    struct list conns;
    struct list accepted; /* connections that the daemon has not announced yet */
    struct list waiting;  /* requests that the handler keeps, by deadline */
    struct list late;     /* answered for the handler, which still holds them */
    unsigned n_conns;
    uint64_t n_refused;
    size_t bodies; /* bytes kept for the bodies of requests */
    struct addr_counts *addresses;
    struct ws_group *sockets;
    struct web_headers always; /* on every answer */
    bool accept_paused;
    bool stopping;
};

enum web_conn_state {
    CONN_IDLE,      /* between requests */
    CONN_RECEIVING, /* from the request line to the end of the body */
    CONN_WAITING,   /* for the handler */
    CONN_SENDING,
    CONN_UPGRADED,
};

struct web_conn {
    struct web *web;
    struct list node;
    int fd; /* the daemon's */
    bool trusted;
    struct addr peer;
    struct addr_count *count;
    enum web_conn_state state;
    uint64_t deadline_us; /* 0: none */
};

struct web_request {
    struct web *web;
    struct web_conn *conn;
    struct MHD_Connection *mhd; /* NULL once the daemon has done with it */
    struct list node;           /* in web.waiting or web.late */
    char *method;
    char *version;
    struct web_target target;
    size_t target_len;
    bool target_is_bad;
    struct addr client;
    struct addr_count *count;
    struct blob body;
    size_t received; /* of the body, kept or not */
    unsigned
        body_refusal; /* 413 or 503: the rest of the body is dropped, then this is the answer */
    bool begun;       /* the daemon has shown it to us with its headers */
    bool held;        /* the handler has not consumed it yet */
    bool suspended;   /* in the daemon, until the answer */
    bool answered;
    uint64_t deadline_us;
    struct web_headers headers; /* of the answer */
    unsigned status;
    struct MHD_Response *response;
    size_t response_len;
    struct ws *socket; /* made, but not connected yet */
};

/* ---- web_fields.c ---- */

void web_headers_clear(struct web_headers *h);

/* ---- web.c ---- */

/* The daemon has work; it gets the processor when the events at hand are done. */
void web_pump_later(struct web *w);

/* The sweep has something to watch. */
void web_sweep_later(struct web *w);

/* A limit has struck. */
void web_struck(struct web *w, enum web_limit which, const struct addr *from);

/* ---- web_conn.c: connections and listeners ---- */

struct web_conn *web_conn_of(struct MHD_Connection *mhd);
void web_conn_set(struct web_conn *c, enum web_conn_state state, uint64_t seconds);
void web_conn_on_notify(void *arg, struct MHD_Connection *mhd, void **context,
                        enum MHD_ConnectionNotificationCode code);

/* Connections that the daemon refused to take. */
void web_conn_drop_refused(struct web *w);

/* Cuts those that are late. */
void web_conn_sweep(struct web *w);
void web_listeners_resume(struct web *w);
void web_listeners_free(struct web *w);

/* One more of the address. A negative errno where it may not have that, after telling so. */
int web_count_take(struct web *w, const struct addr *a, struct addr_count **ret);

/* ---- web_request.c ---- */

void *web_request_on_uri(void *arg, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result web_request_on_access(void *arg, struct MHD_Connection *mhd, const char *url,
                                      const char *method, const char *version, const char *upload,
                                      size_t *upload_len, void **context);
void web_request_on_completed(void *arg, struct MHD_Connection *mhd, void **context,
                              enum MHD_RequestTerminationCode code);

/* Answers 504 to those that waited too long. */
void web_request_sweep(struct web *w);

/* Answers 503 to all that wait. */
void web_request_abandon_all(struct web *w);
void web_request_free_late(struct web *w);

/* Ends the handler's hold. False when the request was answered without it: rq may be gone. */
bool web_request_take(struct web_request *rq);

/* With the headers of every answer and rq's own; takes over response, NULL stands for "out of
 * memory". */
void web_request_answer(struct web_request *rq, unsigned status, struct MHD_Response *response,
                        size_t len);
