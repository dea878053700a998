/* network.h: what this machine's network is like, as far as the configuration asks: the addresses
 * of its interfaces, and those of its public name. */
#pragma once

#include "base/addr.h"

#include <stdbool.h>

#define NETWORK_LOCAL_MAX 64
#define NETWORK_RESOLVED_MAX 8
#define NETWORK_HOST_SIZE 256

struct network {
    struct addr local[NETWORK_LOCAL_MAX]; /* that other machines may know; no container bridges */
    size_t n_local;
    struct addr resolved[NETWORK_RESOLVED_MAX]; /* of the public name, loopback left out */
    size_t n_resolved;
    bool ipv6; /* ::1 is there */
};

/* Never fails: what cannot be known is empty. name NULL, or an address: nothing is looked up. A
 * name server that says nothing for timeout_ms is not waited for. */
void network_look(const char *name, unsigned timeout_ms, struct network *ret);

/* Would network_turn_ip() look at network.resolved? */
bool network_needs_lookup(const char *coturn_ip, const char *domain);

/* Why it is that address. */
enum turn_ip_source {
    TURN_IP_GIVEN,     /* COTURN_IP */
    TURN_IP_DOMAIN,    /* DOMAIN_OR_PUBLIC_IP is an address */
    TURN_IP_RESOLVED,  /* DOMAIN_OR_PUBLIC_IP resolves to it */
    TURN_IP_INTERFACE, /* of an interface */
    TURN_IP_NONE,      /* this machine has no network: loopback */
    N_TURN_IP_SOURCES
};

struct turn_ip {
    char text[NETWORK_HOST_SIZE];
    enum turn_ip_source source;
    bool kept; /* from before: now it does not show */
};

/* The TURN server's address as clients are told it. coturn_ip: "auto-ipv4", "auto-ipv6", or what
 * the operator decided. before: the last decision by the same settings, or NULL: what was resolved
 * then outlives a name server that is away, an interface's address an interface that is down. Pure.
 */
void network_turn_ip(const char *coturn_ip, const char *domain, const struct network *n,
                     const struct turn_ip *before, struct turn_ip *ret);

/* "resolved", as written down. */
extern const char *const turn_ip_source_names[];

/* "the address of an interface", for a sentence. */
const char *turn_ip_source_text(enum turn_ip_source s);

/* Is it the address of an interface here? false for names. */
bool network_is_local(const struct network *n, const char *ip);
