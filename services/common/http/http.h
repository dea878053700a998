/* http.h: HTTP client on the caller's loop, over libcurl's multi interface, the only module that
 * meets it. */
#pragma once

#include "base/bytes.h"
#include "loop/loop.h"

struct http_fields;
struct http;      /* a client with its pool of connections */
struct http_call; /* one request under way */

int http_new(struct loop *l, struct http **ret_http);

/* At most so many connections at a time, in place of 64; what is over waits. */
void http_allow_connections(struct http *h, unsigned n);

/* Running calls are cancelled: their continuations are not called. Also from a continuation. */
struct http *http_free(struct http *h);

/* Redirects are not followed, proxies of the environment not used. */
struct http_request {
    const char *method; /* "GET" */
    const char *url;
    const char *user; /* Basic credentials, or NULL */
    const char *password;
    const char *const *headers; /* "Name: value", NULL-terminated list, or NULL */
    struct bytes body;          /* copied; sent when method is not GET */
    const char *content_type;   /* of the body, or NULL */
    unsigned timeout_ms;        /* 0: 10,000 */
    size_t max_body;            /* of the answer; 0: 1 MiB; over it -EFBIG */
    const char *connect_to;     /* "127.0.0.1:8443": there, whatever the URL's host is; or NULL */
    const char *ca_file;        /* of the server's certificate, instead of the system's; or NULL */
    bool any_certificate;       /* the server's is not checked: send no secrets */
    bool no_alpn;               /* it is not HTTP that will be spoken over TLS */

    /* Over a connection of its own. Otherwise it is sent again, unnoticed, when one that was used
     * before ends without an answer: not for what must not happen twice. */
    bool once;
};

/* What is wrong with TLS. */
enum http_tls {
    HTTP_TLS_FINE,           /* or not reached at all */
    HTTP_TLS_EXPIRED,        /* a certificate of the chain; or our clock is wrong */
    HTTP_TLS_NOT_YET_VALID,  /* the same */
    HTTP_TLS_UNKNOWN_ISSUER, /* also self-signed */
    HTTP_TLS_OTHER_NAME,     /* a certificate for other names than the URL's */
    HTTP_TLS_BAD_CERTIFICATE,
    HTTP_TLS_NO_HANDSHAKE, /* no common version, not TLS at all, ... */
};

/* Errors: -EHOSTUNREACH the name is not found, -ECONNREFUSED nobody listens or no way there,
 * -ETIMEDOUT, -EPROTO TLS, -ECONNRESET the connection ended before the answer's body began, -EIO
 * within the body: it is cut; -EBADMSG what came is no HTTP; -EFBIG, -ENOENT ca_file cannot be
 * read, -EINVAL a bad URL. After errors status and fields are as far as they came: status 0 when
 * there was none. */
struct http_response {
    int error;           /* 0, or a negative errno */
    const char *message; /* what went wrong, for people; "" when nothing did */
    enum http_tls tls;   /* of -EPROTO */
    unsigned status;
    struct bytes body;    /* borrowed; empty after an error */
    const char *location; /* where a redirect leads, absolute; "" when it is none */
    const struct http_fields *fields;
};

/* The n-th value (from 0) of the answer's header fields of that name; NULL: there is none. At most
 * 64 fields and 16 KiB of them are kept. Valid as long as rs. */
const char *http_header(const struct http_response *rs, const char *name, size_t n);

typedef void http_done_fn(const struct http_response *rs, void *arg);

/* An answer 101 (to headers that ask for an upgrade) is the end of the call. fn is called exactly
 * once, never from inside this call; not at all when this fails. ret_call may be NULL. */
int http_start(struct http *h, const struct http_request *rq, http_done_fn *fn, void *arg,
               struct http_call **ret_call);

/* fn is not called any more. Also ends a connection of http_connect(). */
void http_cancel(struct http_call *c);

/* ---- a connection to speak something else over ----
 * Of rq url, timeout_ms, connect_to, ca_file, any_certificate and no_alpn count. When fn hears of
 * no error the connection, with TLS for https, is the caller's until http_cancel() or http_free():
 * the calls below are for it alone. */
int http_connect(struct http *h, const struct http_request *rq, http_done_fn *fn, void *arg,
                 struct http_call **ret_call);

/* To watch. What was received may be held above it already: read until -EAGAIN. */
int http_connection_fd(const struct http_call *c);

/* How many bytes were taken; -EAGAIN: none now; -ECONNRESET. */
int http_connection_send(struct http_call *c, struct bytes data);

/* How many came; 0: the end; -EAGAIN: none now; -ECONNRESET. */
int http_connection_receive(struct http_call *c, uint8_t *buf, size_t cap);
