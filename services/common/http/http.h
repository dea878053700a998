/* http.h: HTTP client on the caller's loop, over libcurl's multi interface, the only module that
 * meets it. */
#pragma once

#include "base/bytes.h"
#include "loop/loop.h"

struct http;      /* a client with its pool of connections */
struct http_call; /* one request under way */

int http_new(struct loop *l, struct http **ret_http);

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
};

struct http_response {
    int error;           /* 0, or a negative errno: -ETIMEDOUT, -ECONNREFUSED, -EIO, ... */
    const char *message; /* what went wrong, for people; "" when nothing did */
    unsigned status;
    struct bytes body;    /* borrowed */
    const char *location; /* where a redirect leads, absolute; "" when it is none */
};
typedef void http_done_fn(const struct http_response *rs, void *arg);

/* An answer 101 (to headers that ask for an upgrade) is the end of the call. fn is called exactly
 * once, never from inside this call; not at all when this fails. ret_call may be NULL. */
int http_start(struct http *h, const struct http_request *rq, http_done_fn *fn, void *arg,
               struct http_call **ret_call);

/* fn is not called any more. */
void http_cancel(struct http_call *c);
