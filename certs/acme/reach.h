/* reach.h: is this machine reached as the CA will try to? Each hop is looked at by itself: the name
 * in the DNS, its CAA records, each address, each redirect, what answers there.
 *
 * A machine behind address translation may not reach its own public address though all the world
 * does; so a refused or unanswered connection to an address that is not of this machine is no proof
 * and passes, with a remark. What is found by an answer always counts. */
#pragma once

#include "acme/challenger.h"
#include "acme/dns.h"

struct reach_config {
    struct loop *loop;
    const struct dns_servers *resolver;
    const char *user_agent;
    uint16_t http_port, https_port;              /* what a CA comes to: 80, 443 */
    uint16_t own_http_port, own_https_port;      /* HTTP_PORT, HTTPS_PORT; 0: the same */
    const char *account;                         /* its URL, for CAA; NULL: not known yet */
    const enum acme_challenge_type *types;       /* that may be used, for CAA */
    size_t n_types;                              /* 0: any */
    void (*remark)(const char *text, void *arg); /* may be NULL */
    void *arg;
};

/* The addresses of a host name in the DNS, those of IPv6 first; of an IP address itself. -ENOENT
 * and *f: there are none; -EREMOTEIO and *f: the DNS server says that it failed (SERVFAIL); other
 * errors and *f: nobody answered. */
#define REACH_ADDRESSES_MAX 16
int reach_resolve(const struct reach_config *c, const struct acme_id *id,
                  struct addr ret[static REACH_ADDRESSES_MAX], size_t *ret_n,
                  struct acme_failure *f);

/* Do CAA records (RFC 8659, RFC 8657) let one of these issuers? No records, or a DNS that does not
 * answer (remarked): yes. -EPERM and *f: no. */
int reach_caa(const struct reach_config *c, const struct acme_id *id, const char (*issuers)[256],
              size_t n_issuers, struct acme_failure *f);

/* Fetches the proof of http-01 through each address, redirects followed as a CA does (RFC 8555
 * section 8.3). *f tells of all addresses where something is wrong. -EINTR and *f: the loop was
 * ended meanwhile; others: something is wrong. */
int reach_http(const struct reach_config *c, const struct acme_proof *proof,
               struct acme_failure *f);

/* Asks for the proof of tls-alpn-01 at each address. */
int reach_tls_alpn(const struct reach_config *c, const struct acme_proof *proof,
                   struct acme_failure *f);
