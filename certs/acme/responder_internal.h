/* responder_internal.h: what the files of the responder share. */
#pragma once

#include "acme/alpn.h"
#include "acme/responder.h"
#include "base/list.h"

#include <sys/un.h>

struct responder_proof {
    struct acme_id id;
    char token[ACME_TOKEN_MAX + 1];
    char key_authorization[ACME_KEY_AUTHORIZATION_SIZE];
    /* tls-alpn-01 */
    char name[NAME_TEXT_MAX]; /* in SNI */
    X509 *cert;
    EVP_PKEY *key;
};

#define RESPONDER_LISTENERS_MAX 3

struct responder_listener {
    struct responder *responder;
    struct loop_io io;
    int fd;
    bool behind_proxy;
};

struct responder {
    struct loop *loop;
    enum responder_kind kind;
    struct responder_proof proofs[RESPONDER_PROOFS_MAX];
    size_t n;
    unsigned shown;
    uint16_t port;
    char path[sizeof(((struct sockaddr_un *) NULL)->sun_path)]; /* of the Unix socket; "" */
    struct web *web;                                            /* HTTP */
    SSL_CTX *tls;
    struct responder_listener listeners[RESPONDER_LISTENERS_MAX]; /* TLS */
    size_t n_listeners;
    struct list connections; /* TLS; the oldest first */
    size_t n_connections;
};

/* Of either kind: take over a listening socket, also when they fail; give back everything. */
int responder_http_open(struct responder *r);
int responder_http_add(struct responder *r, int fd);
void responder_http_close(struct responder *r);

int responder_tls_open(struct responder *r);
int responder_tls_add(struct responder *r, int fd, bool behind_proxy);
void responder_tls_close(struct responder *r);
