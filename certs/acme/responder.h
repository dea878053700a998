/* responder.h: small servers that show proofs while an order is under way: HTTP/1.1 for http-01
 * where no web server is there to do it, TLS for tls-alpn-01 (RFC 8737). On the caller's loop; any
 * number of connections at once up to RESPONDER_CONNECTIONS_MAX, each ended after
 * RESPONDER_LIMIT_MS (a second later at most for HTTP). They say nothing but proofs. */
#pragma once

#include "acme/challenger.h"
#include "files/files.h"
#include "loop/loop.h"

#define RESPONDER_CONNECTIONS_MAX 64
#define RESPONDER_LIMIT_MS 10000
#define RESPONDER_PROOFS_MAX 64

enum responder_kind { RESPONDER_HTTP, RESPONDER_TLS_ALPN };

struct responder;

int responder_new(struct loop *l, enum responder_kind kind, struct responder **ret);
struct responder *responder_free(struct responder *r);

/* Listens on a TCP port, all addresses of both families; 0: one that is free. -EADDRINUSE, ... */
int responder_listen(struct responder *r, uint16_t port);
uint16_t responder_port(const struct responder *r);

/* Or, TLS alone, on a Unix socket, replaced if it is there, where connections begin with the PROXY
 * protocol (version 1 or 2, as nginx's stream server sends it). It is removed in the end. -ENOTSUP:
 * HTTP. */
int responder_listen_unix(struct responder *r, const char *path, const struct file_access *access);

/* Copies the proof. One of the same identifier and token is replaced. -ENOSPC; -EINVAL: of another
 * type than the responder's. */
int responder_add(struct responder *r, const struct acme_proof *proof);
void responder_remove(struct responder *r, const struct acme_proof *proof);

/* How often proofs were shown; for tests and logs. */
unsigned responder_shown(const struct responder *r);
