#include "acme/reach_internal.h"

#include "acme/dns_message.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define DNS_LIMIT_MS 10000
#define LOCAL_MAX 64

/* ---- texts ---- */

void reach_remark(const struct reach_config *c, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    if (!c->remark)
        return;
    va_start(ap, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    c->remark(text, c->arg);
}

int reach_interrupted(struct acme_failure *f)
{
    return failure_set(f, FAILURE_LOCAL, STEP_SELF_CHECK, -EINTR, "", "ended from outside");
}

const char *reach_asked(const struct reach_config *c, char buf[static REACH_ASKED_SIZE])
{
    size_t len = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < c->resolver->n; i++) {
        const struct addr *a = &c->resolver->list[i];
        char text[ADDR_TEXT_SIZE];

        if (a->port == 53)
            addr_format_ip(a, text);
        else
            addr_format(a, text);
        len += (size_t) snprintf(buf + len, REACH_ASKED_SIZE - len, "%s%s", i ? ", " : "", text);
    }
    return buf;
}

/* ---- addresses of this machine ---- */

static bool is_local(const struct addr *a)
{
    struct addr all[LOCAL_MAX];
    int n = addr_local_list(all, LOCAL_MAX, NULL);

    if (addr_is_loopback(a))
        return true; /* all of 127.0.0.0/8 is */
    for (int i = 0; i < n; i++) {
        if (addr_ip_eq(a, &all[i]))
            return true;
    }
    return false;
}

/* The first public one of that family on an interface. */
static bool find_public(uint16_t family, struct addr *ret)
{
    char names[LOCAL_MAX][16];
    struct addr all[LOCAL_MAX];
    int n = addr_local_list(all, LOCAL_MAX, names);

    for (int i = 0; i < n; i++) {
        if (all[i].family != family || addr_is_private(&all[i]) ||
            addr_is_container_interface(names[i]))
            continue;
        *ret = all[i];
        return true;
    }
    return false;
}

static const char *record_of(const struct addr *a)
{
    return a->family == AF_INET6 ? "AAAA" : "A";
}

/* What to do in the DNS about an address that is another's. */
static void record_advice(const struct reach_hop *h, char *buf, size_t size)
{
    char from[ADDR_TEXT_SIZE], to[ADDR_TEXT_SIZE];
    struct addr own;

    addr_format_ip(&h->to, from);
    if (h->id->is_ip)
        snprintf(buf, size,
                 "if %s is not the public address of this machine, set "
                 "DOMAIN_OR_PUBLIC_IP to the one that is",
                 from);
    else if (find_public(h->to.family, &own))
        snprintf(buf, size, "if %s does not lead here, change the %s record of %s from %s to %s",
                 from, record_of(&h->to), h->id->text, from, addr_format_ip(&own, to));
    else if (h->to.family == AF_INET6)
        snprintf(buf, size,
                 "if %s does not lead here, remove the AAAA record of %s with it, since this "
                 "machine has "
                 "no public IPv6 address",
                 from, h->id->text);
    else
        snprintf(
            buf, size,
            "if %s does not lead here, change the A record of %s from %s to the public address "
            "of this machine",
            from, h->id->text, from);
}

/* The setting of a port that a CA does not come to; "" when it does. */
static const char *port_advice(const struct reach_hop *h, char *buf, size_t size)
{
    const struct reach_config *c = h->c;
    bool https = h->to.port == c->https_port;
    uint16_t own = https ? c->own_https_port : c->own_http_port;
    uint16_t wanted = https ? c->https_port : c->http_port;

    buf[0] = '\0';
    if (own && own != wanted && h->to.port == wanted)
        snprintf(buf, size,
                 " %s is %u, but a CA comes to port %u alone: set %s=%u, forward port %u to %u, or "
                 "prove the name by ACME_CHALLENGE=dns-01.",
                 https ? "HTTPS_PORT" : "HTTP_PORT", own, wanted,
                 https ? "HTTPS_PORT" : "HTTP_PORT", wanted, wanted, own);
    return buf;
}

/* ---- findings ---- */

void reach_hop_init(struct reach_hop *h, const struct reach_config *c, const struct acme_id *id,
                    const struct addr *to)
{
    char ip[ADDR_TEXT_SIZE];

    *h = (struct reach_hop){.c = c, .id = id, .to = *to, .is_local = is_local(to)};
    snprintf(h->name, sizeof(h->name), "%s%s%s port %u", id->is_ip ? "" : record_of(to),
             id->is_ip ? "" : " ", addr_format_ip(to, ip), to->port);
}

bool reach_has_route(const struct addr *to)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(to, &ss);
    int fd = socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *) &ss, len) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

/* What to do about an address that is not of this machine. */
static void elsewhere_advice(const struct reach_hop *h, char *buf, size_t size)
{
    char advice[512], ports[384];

    record_advice(h, advice, sizeof(advice));
    port_advice(h, ports, sizeof(ports));
    snprintf(buf, size,
             "%c%s; if it does, let what is before this machine (router, firewall of the provider) "
             "pass TCP port %u on to it.%s",
             toupper((unsigned char) advice[0]), advice + 1, h->to.port, ports);
}

static const char *silence_text(const struct reach_hop *h, int error, const char *message)
{
    if (!reach_has_route(&h->to))
        return h->to.family == AF_INET6 ? "there is no way there by IPv6 from this machine"
                                        : "there is no way there from this machine";
    return error == -ECONNREFUSED ? "connection refused"
           : error == -ETIMEDOUT  ? "no answer"
                                  : message;
}

void reach_silent(const struct reach_hop *h, int error, const char *message,
                  struct reach_finding *ret)
{
    const char *what = silence_text(h, error, message);
    char ports[384];

    *ret = (struct reach_finding){.verdict = h->is_local ? REACH_WRONG : REACH_UNPROVEN};
    if (h->is_local) {
        snprintf(ret->what, sizeof(ret->what),
                 "%s, though it is an address of this machine: nothing listens there, or a "
                 "firewall is before it",
                 what);
        snprintf(ret->next, sizeof(ret->next),
                 "`visavis doctor` tells what has TCP port %u and whether the firewall lets it "
                 "in.%s",
                 h->to.port, port_advice(h, ports, sizeof(ports)));
        return;
    }
    snprintf(ret->what, sizeof(ret->what),
             "%s; it is not an address of this machine, and one behind address translation is "
             "often not reached from inside",
             what);
    elsewhere_advice(h, ret->next, sizeof(ret->next));
}

void reach_wrong(const struct reach_hop *h, const char *what, const char *next,
                 struct reach_finding *ret)
{
    char more[1024];

    *ret = (struct reach_finding){.verdict = REACH_WRONG};
    if (h->is_local) {
        snprintf(ret->what, sizeof(ret->what), "%s", what);
        snprintf(ret->next, sizeof(ret->next), "%s%s", next, port_advice(h, more, sizeof(more)));
        return;
    }
    elsewhere_advice(h, more, sizeof(more));
    snprintf(ret->what, sizeof(ret->what),
             "%s; it is not an address of this machine: another server answers there", what);
    snprintf(ret->next, sizeof(ret->next),
             "%s Where something else answers at that address from inside alone, set "
             "ACME_SELF_CHECK=off.",
             more);
}

/* ---- the DNS ---- */

static int ask_addresses(const struct reach_config *c, const char *name, enum dns_type type,
                         struct addr ret[static REACH_ADDRESSES_MAX], size_t *n, int *ret_rcode)
{
    struct dns_answer a;
    int r = dns_ask(c->resolver, name, type, DNS_LIMIT_MS, &a);

    if (r < 0)
        return r;
    *ret_rcode = a.rcode;
    for (size_t i = 0; i < a.n && *n < REACH_ADDRESSES_MAX; i++)
        ret[(*n)++] = a.list[i].address;
    return a.rcode == DNS_REFUSED ? -EACCES : 0;
}

static int resolve_failed(const struct reach_config *c, const struct acme_id *id, int error,
                          int rcode, struct acme_failure *f)
{
    char asked[REACH_ASKED_SIZE];
    int r = -ENOENT;

    reach_asked(c, asked);
    if (error < 0) {
        r = failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, error, asked,
                        "the DNS server (%s) does not answer for %s: %s", asked, id->text,
                        error == -EACCES ? "it refuses" : strerror(-error));
        failure_next(f, "Look at /etc/resolv.conf, or set ACME_RESOLVER to a server that works.");
    } else if (rcode != 0 && rcode != DNS_NXDOMAIN) {
        r = failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, -EREMOTEIO, id->text,
                        "the DNS fails for %s with %s (asked %s)", id->text,
                        rcode == DNS_SERVFAIL ? "SERVFAIL" : "an error", asked);
        failure_next(f,
                     "Have the name servers of the zone looked at: they do not answer, or their "
                     "DNSSEC is broken. `dig %s A` shows it.",
                     id->text);
    } else {
        struct addr own4, own6;
        char ip4[ADDR_TEXT_SIZE] = "its public address", ip6[ADDR_TEXT_SIZE] = "";

        if (find_public(AF_INET, &own4))
            addr_format_ip(&own4, ip4);
        if (find_public(AF_INET6, &own6))
            addr_format_ip(&own6, ip6);
        failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, r, id->text,
                    "%s has no A and no AAAA record%s (asked %s)", id->text,
                    rcode == DNS_NXDOMAIN ? ": there is no such name" : "", asked);
        failure_next(f,
                     "Add an A record of %s with %s%s%s, or correct DOMAIN_OR_PUBLIC_IP; a new "
                     "record may take some minutes to be seen.",
                     id->text, ip4, *ip6 ? ", and an AAAA record with " : "", ip6);
    }
    return r;
}

int reach_resolve(const struct reach_config *c, const struct acme_id *id,
                  struct addr ret[static REACH_ADDRESSES_MAX], size_t *ret_n,
                  struct acme_failure *f)
{
    const char *name = id->text + (id->is_wildcard ? 2 : 0);
    struct addr found[REACH_ADDRESSES_MAX];
    int rcode4 = 0, rcode6 = 0, r4, r6;
    size_t n = 0;

    if (id->is_ip) {
        n = addr_parse_ip(id->text, 0, &found[0]) == 0;
        r4 = r6 = 0;
    } else {
        r6 = ask_addresses(c, name, DNS_AAAA, found, &n, &rcode6);
        r4 = ask_addresses(c, name, DNS_A, found, &n, &rcode4);
    }
    if (n == 0)
        return resolve_failed(c, id, r4 < 0 ? r4 : r6, rcode4 ? rcode4 : rcode6, f);
    memcpy(ret, found, n * sizeof(found[0]));
    *ret_n = n;
    return 0;
}

/* ---- all addresses ---- */

static void add_failure(struct acme_failure *f, const struct reach_hop *h,
                        const struct reach_finding *x, int n_before)
{
    size_t len = strlen(f->what);

    if (n_before == 0) {
        (void) failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, -EHOSTUNREACH, h->name, "%s",
                           x->what);
        failure_next(f, "%s", x->next);
        return;
    }
    (void) snprintf(f->what + len, sizeof(f->what) - len, "; and %s: %s", h->name, x->what);
    len = strlen(f->next);
    if (!strstr(f->next, x->next))
        (void) snprintf(f->next + len, sizeof(f->next) - len, " %s", x->next);
}

int reach_each(const struct reach_config *c, const struct acme_proof *proof, uint16_t port,
               reach_look_fn *look, struct acme_failure *f)
{
    struct addr list[REACH_ADDRESSES_MAX];
    size_t n = 0;
    int wrong = 0;
    int r = reach_resolve(c, proof->id, list, &n, f);

    if (r < 0 && r != -ENOENT && r != -EREMOTEIO) {
        reach_remark(c, "%s. It is left to the CA to find %s.", f->what, proof->id->text);
        return 0;
    }
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct reach_finding x = {0};
        struct reach_hop h;

        list[i].port = port;
        reach_hop_init(&h, c, proof->id, &list[i]);
        r = look(&h, proof, &x);
        if (r < 0)
            return reach_interrupted(f);
        if (x.verdict == REACH_UNPROVEN)
            reach_remark(c, "%s: %s. %s", h.name, x.what, x.next);
        if (x.verdict == REACH_WRONG)
            add_failure(f, &h, &x, wrong++);
    }
    if (r < 0)
        return r;
    return wrong ? -EHOSTUNREACH : 0;
}
