/* tls_tunnel.h: a port on the loopback that leads through TLS to a server: libnice speaks TURN over
 * TCP, and no TLS. For at most TLS_TUNNEL_MAX connections at a time. One thread. */
#pragma once

#include "base/addr.h"
#include "http/http.h"

#define TLS_TUNNEL_MAX 16

struct tls_tunnel;

/* to: url ("https://host:port"), connect_to, ca_file, any_certificate count; copied. */
int tls_tunnel_new(struct loop *l, struct http *h, const struct http_request *to,
                   struct tls_tunnel **ret_t);

/* Ends the connections. NULL is fine; returns NULL. */
struct tls_tunnel *tls_tunnel_free(struct tls_tunnel *t);

/* Where it listens. */
const struct addr *tls_tunnel_addr(const struct tls_tunnel *t);
