/* pebble.h: a real ACME CA of the tests, Debian's pebble(1), with a DNS of its own in which every
 * name leads to 127.0.0.1. */
#pragma once

#include <stdint.h>

struct pebble_config {
    unsigned nonce_reject; /* percent of good nonces that it refuses */
    unsigned authz_reuse;  /* percent of orders with authorisations that are valid already */
    unsigned alternates;   /* further roots */
    unsigned life_s;       /* of certificates; 0: 90 days */
    const char *eab_kid, *eab_key; /* NULL: everybody may have an account */
    const char *blocked;           /* a name it refuses; NULL: none */
};

struct pebble;

int pebble_start(const struct pebble_config *c, struct pebble **ret);
struct pebble *pebble_free(struct pebble *p); /* NULL is fine */

/* It forgets all: accounts, orders, roots. The URLs stay. */
int pebble_forget(struct pebble *p);

/* It ends, until pebble_forget(). */
int pebble_end(struct pebble *p);

const char *pebble_directory(const struct pebble *p);
const char *pebble_ca_file(const struct pebble *p);

/* Where it comes to look for proofs. */
uint16_t pebble_http_port(const struct pebble *p);
uint16_t pebble_tls_port(const struct pebble *p);

/* The DNS that it asks, "127.0.0.1:8053"; and a CAA record there. */
const char *pebble_dns(const struct pebble *p);
int pebble_add_caa(const struct pebble *p, const char *host, const char *issuer);

/* One of its roots as PEM text, to be freed; 0 is the first. NULL: it has not so many. */
char *pebble_root(const struct pebble *p, unsigned n);
