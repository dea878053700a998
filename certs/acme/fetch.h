/* fetch.h: one HTTP request that is waited for while the loop runs, and of its answer what ACME
 * wants to know. No tries, no judgement. */
#pragma once

#include "acme/nonces.h"
#include "acme/wire.h"
#include "http/http.h"

#define FETCH_TYPE_SIZE 64
#define FETCH_ALTERNATES_MAX 8

struct fetcher {
    struct loop *loop;
    struct http *http;
    const char *ca_file; /* NULL: the system's */
    const char *user_agent;
    unsigned timeout_ms;
    bool interrupted; /* somebody else ended the loop; nothing is begun from then on */
};

struct fetch_request {
    const char *method; /* "HEAD", "GET", "POST" */
    const char *url;
    const char *body;     /* a JWS; NULL: none */
    bool any_certificate; /* the server's is not checked */
    bool once;            /* must not happen twice */
};

struct fetched {
    int error; /* of http.h; -EINTR: the loop was ended meanwhile */
    enum http_tls tls;
    char message[256]; /* of the error */
    unsigned status;
    char *body; /* with a NUL */
    size_t len;
    char content_type[FETCH_TYPE_SIZE];
    char location[ACME_URL_SIZE]; /* "": none, or no URL */
    char nonce[NONCE_SIZE];       /* "": none */
    bool has_date;
    int64_t date_s;        /* the server's clock when it answered */
    int64_t retry_after_s; /* 0: not said */
    char alternates[FETCH_ALTERNATES_MAX][ACME_URL_SIZE];
    size_t n_alternates;
};

/* *ret is always set. */
void fetch(struct fetcher *f, const struct fetch_request *rq, struct fetched *ret);
void fetched_done(struct fetched *a);

/* Lets the loop run for that long. -EINTR. */
int fetch_wait(struct fetcher *f, uint64_t ms);
