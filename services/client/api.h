/* api.h: the REST calls that a client's application makes: sessions and tokens. */
#pragma once

#include "http/http.h"

#include <jansson.h>

struct api_config {
    const char *url; /* "https://calls.example.org", without a path */
    const char *secret;
    const char *connect_to; /* "127.0.0.1:443": there, whatever the URL's host is; or NULL */
    const char *ca_file;    /* or NULL */
    bool any_certificate;   /* sends the secret to whoever answers */
};

struct api;

/* Copies the configuration. */
int api_new(struct http *h, const struct api_config *c, struct api **ret_a);
struct api *api_free(struct api *a); /* wipes the secret; calls are cancelled. NULL is fine */

struct api_answer {
    int error;           /* 0: status 2xx; -EACCES: 401; -EREMOTEIO: another status; as of http.h */
    unsigned status;     /* 0: none came */
    const char *message; /* for people; "" */
    enum http_tls tls;
    const json_t *body; /* an object, or NULL; borrowed */
};

typedef void api_done_fn(const struct api_answer *answer, void *arg);

/* Steals body. One call at a time: -EBUSY. */
int api_post(struct api *a, const char *path, json_t *body, api_done_fn *fn, void *arg);
int api_delete(struct api *a, const char *path, api_done_fn *fn, void *arg);
