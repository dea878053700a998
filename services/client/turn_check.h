/* turn_check.h: does a TURN server give us a relay (RFC 8656)? Asked step by step, so that what is
 * wrong can be said: there is nobody, the credentials are refused, there is no room. The allocation
 * is given back at once. */
#pragma once

#include "base/addr.h"
#include "client/turn_url.h"
#include "http/http.h"

enum turn_check_step {
    TURN_CHECK_CONNECT,  /* TCP, TLS */
    TURN_CHECK_ANSWER,   /* to anything at all */
    TURN_CHECK_ALLOCATE, /* with the credentials */
    TURN_CHECK_DONE,
};

struct turn_check_result {
    enum turn_check_step step; /* that failed; TURN_CHECK_DONE: none did */
    int error;           /* 0; -EACCES: 401 or 403; -EREMOTEIO: another; -ETIMEDOUT; as of http.h */
    unsigned code;       /* of the server's error */
    const char *message; /* for people; "" */
    enum http_tls tls;
    struct addr mapped, relayed; /* family 0: unknown */
};

struct turn_check_config {
    enum turn_transport transport;
    struct addr addr; /* of the server */
    const char *name; /* for TLS */
    const char *user, *password;
    const char *ca_file;
    bool any_certificate;
};

struct turn_check;
typedef void turn_check_fn(const struct turn_check_result *result, void *arg);

/* fn is called once, never inside this call; the check is freed later, by its owner. The texts of c
 * stay the caller's while it lives. */
int turn_check_new(struct loop *l, struct http *h, const struct turn_check_config *c,
                   turn_check_fn *fn, void *arg, struct turn_check **ret_t);

/* NULL is fine; returns NULL. */
struct turn_check *turn_check_free(struct turn_check *t);
