/* http_load.h: HTTP requests over keep-alive connections to a Unix socket, each connection one
 * request after the other, all of them on the loop. */
#pragma once

#include "base/bytes.h"
#include "loop/loop.h"

struct http_load;

#define HTTP_LOAD_REQUEST_MAX 2048

struct http_load_handlers {
    /* Writes request nr of connection slot; returns its length. */
    size_t (*make)(char text[static HTTP_LOAD_REQUEST_MAX], size_t slot, uint64_t nr, void *arg);
    /* May be NULL. body: valid during the call. */
    void (*answered)(size_t slot, uint64_t nr, unsigned status, struct bytes body, void *arg);
};

/* handlers must stay valid. */
int http_load_new(struct loop *l, const char *path, size_t n_connections,
                  const struct http_load_handlers *handlers, void *arg, struct http_load **ret);
struct http_load *http_load_free(struct http_load *h); /* NULL is fine */

/* max: requests of all connections together, then the loop quits; UINT64_MAX: until
 * http_load_stop(). Numbers of requests go on where they were. */
void http_load_start(struct http_load *h, uint64_t max);

/* No new requests; answers to those under way still count. */
void http_load_stop(struct http_load *h);

/* All of max, until they are answered. -EIO: a connection broke; -ETIMEDOUT. */
int http_load_run(struct http_load *h, uint64_t max);

uint64_t http_load_answered(const struct http_load *h);
uint64_t http_load_bytes(const struct http_load *h); /* of bodies */

/* An authorized request of the API, "" without a body; returns its length. */
size_t http_load_rest(char text[static HTTP_LOAD_REQUEST_MAX], const char *method, const char *path,
                      const char *body);
