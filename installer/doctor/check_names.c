/* Is DOMAIN_OR_PUBLIC_IP a name by which others find this machine? */
#include "doctor/check.h"

#include "host/own_addresses.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define ADDRESSES_MAX 32
#define RESOLVE_MS 8000

static bool is_ip(const char *host, struct addr *ret)
{
    return addr_parse_ip(host, 0, ret) == 0;
}

static bool has_host(struct check_context *x)
{
    if (*check_host(x))
        return true;
    found(x, SEVERITY_UNKNOWN, "DOMAIN_OR_PUBLIC_IP is not set yet.");
    return false;
}

static void check_form(struct check_context *x)
{
    const char *host = check_host(x);
    struct addr ip;
    size_t len = strlen(host);

    if (!has_host(x))
        return;
    /* On an installed machine config.values says so. */
    if (is_ip(host, &ip)) {
        if (x->preflight && (addr_is_loopback(&ip) || addr_is_unspecified(&ip)))
            found(x, SEVERITY_WARNING,
                  "DOMAIN_OR_PUBLIC_IP is %s: only browsers on this machine reach that.", host);
    } else if (strcasecmp(host, "localhost") == 0 ||
               (len > 10 && strcasecmp(host + len - 10, ".localhost") == 0)) {
        if (x->preflight)
            found(x, SEVERITY_WARNING,
                  "DOMAIN_OR_PUBLIC_IP is %s: browsers of other machines look for themselves "
                  "there.",
                  host);
    } else if (!strchr(host, '.')) {
        found(x, SEVERITY_NOTE,
              "DOMAIN_OR_PUBLIC_IP is %s, a name without a dot: only the local network knows it.",
              host);
    }
}

/* ---- looking up ---- */

/* 0, or getaddrinfo's error. */
static int resolve(const char *host, struct addr *ret, size_t *ret_n)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *all;
    size_t n = 0;
    int r;

    setenv("RES_OPTIONS", "timeout:2 attempts:1", 1);
    r = getaddrinfo(host, NULL, &hints, &all);
    if (r != 0)
        return r;
    for (struct addrinfo *i = all; i && n < ADDRESSES_MAX; i = i->ai_next)
        if (addr_from_sockaddr(i->ai_addr, i->ai_addrlen, &ret[n]) == 0)
            n++;
    freeaddrinfo(all);
    *ret_n = n;
    return 0;
}

static void check_resolves(struct check_context *x)
{
    const char *host = check_host(x);
    struct addr list[ADDRESSES_MAX];
    size_t n;
    int r;

    if (!has_host(x) || is_ip(host, &list[0]))
        return;
    r = resolve(host, list, &n);
    if (r == EAI_AGAIN || r == EAI_FAIL || r == EAI_SYSTEM || r == EAI_MEMORY) {
        found(x, SEVERITY_UNKNOWN, "No name server answered about %s (%s).", host, gai_strerror(r));
        found_command(x, "getent ahosts %s", host);
    } else if (r != 0) {
        found(x, SEVERITY_FAILURE,
              "The name %s has no address in the DNS, so no browser finds this machine.", host);
        found_detail(x, "Have an A record (and AAAA for IPv6) made for it, or correct "
                        "DOMAIN_OR_PUBLIC_IP in /etc/visavis/.env.");
        found_command(x, "getent ahosts %s", host);
    }
}

/* ---- whose addresses they are ---- */

static void tell_ip(struct check_context *x, const struct own_addresses *own, const struct addr *ip)
{
    if (own_addresses_has(own, ip) || addr_is_loopback(ip))
        return;
    if (own_addresses_public(own, ip->family))
        found(x, SEVERITY_WARNING,
              "No interface of this machine has the address %s, though one has a public address. "
              "Is it another machine's?",
              check_host(x));
    else
        found(x, SEVERITY_NOTE,
              "No interface of this machine has the address %s: fine where a router or cloud "
              "provider sends what arrives there to this machine (NAT).",
              check_host(x));
}

/* What a family's records are like. */
struct records {
    size_t n, n_own;
    char other[ADDR_TEXT_SIZE]; /* one that is not ours */
};

static struct records look_at_records(const struct own_addresses *own, const struct addr *list,
                                      size_t n, int family)
{
    struct records r = {.n = 0};

    for (size_t i = 0; i < n; i++) {
        if (list[i].family != family)
            continue;
        r.n++;
        if (own_addresses_has(own, &list[i]) || addr_is_loopback(&list[i]))
            r.n_own++;
        else
            addr_format_ip(&list[i], r.other);
    }
    return r;
}

static void tell_records(struct check_context *x, const struct own_addresses *own,
                         const struct records *r4, const struct records *r6)
{
    const char *host = check_host(x);

    if (r4->n_own < r4->n && r4->n_own > 0)
        found(x, SEVERITY_WARNING,
              "One of the A records of %s is %s, which is not this machine: some visitors go "
              "there.",
              host, r4->other);
    else if (r4->n > 0 && r4->n_own == 0 && own_addresses_public(own, AF_INET))
        found(x, SEVERITY_WARNING,
              "%s leads to %s, while this machine has another public address: visitors go to "
              "another machine, unless that one sends them here.",
              host, r4->other);
    else if (r4->n > 0 && r4->n_own == 0)
        found(x, SEVERITY_NOTE,
              "%s leads to %s, which no interface of this machine has: fine where a router or "
              "cloud provider sends what arrives there to this machine (NAT).",
              host, r4->other);
    /* IPv6 knows no NAT in practice. */
    if (r6->n_own < r6->n) {
        found(x, SEVERITY_WARNING,
              "The AAAA record of %s is %s, which is not an address of this machine: visitors with "
              "IPv6 do not reach it.",
              host, r6->other);
        found_detail(x, "Correct the record, or remove it.");
    }
}

static void check_own(struct check_context *x)
{
    const char *host = check_host(x);
    struct addr list[ADDRESSES_MAX];
    struct own_addresses own;
    struct records r4, r6;
    size_t n;

    if (!has_host(x))
        return;
    if (own_addresses_read(&own) < 0) {
        found(x, SEVERITY_UNKNOWN, "The addresses of this machine cannot be read.");
        return;
    }
    if (is_ip(host, &list[0])) {
        tell_ip(x, &own, &list[0]);
        return;
    }
    if (resolve(host, list, &n) != 0) {
        found(x, SEVERITY_UNKNOWN, "No name server answered about %s.", host);
        return;
    }
    r4 = look_at_records(&own, list, n, AF_INET);
    r6 = look_at_records(&own, list, n, AF_INET6);
    tell_records(x, &own, &r4, &r6);
}

static const struct check checks[] = {
    {.id = "names.form",
     .title = "is DOMAIN_OR_PUBLIC_IP a name that others can use",
     .fn = check_form,
     .flags = CHECK_ALWAYS},
    {.id = "names.resolves",
     .title = "does the name have an address",
     .fn = check_resolves,
     .flags = CHECK_ALWAYS,
     .timeout_ms = RESOLVE_MS},
    {.id = "names.own",
     .title = "is the address this machine's (A and AAAA)",
     .fn = check_own,
     .flags = CHECK_ALWAYS,
     .timeout_ms = RESOLVE_MS,
     .needs = "names.resolves"},
    {.id = NULL},
};

const struct check_group group_names = {"names", checks};
