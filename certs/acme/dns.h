/* dns.h: questions to a DNS server of our choice, for what getaddrinfo() does not tell: the records
 * as a CA sees them, /etc/hosts left aside; TXT, CAA, NS. Blocking, with a limit. */
#pragma once

#include "base/addr.h"
#include "base/bytes.h"

#define DNS_ANSWERS_MAX 32
#define DNS_TEXT_SIZE 512

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_CAA = 257
};

struct dns_record {
    enum dns_type type;
    struct addr address;      /* A, AAAA; port 0 */
    char text[DNS_TEXT_SIZE]; /* NS, CNAME, SOA (its owner): a name; TXT: its strings joined; CAA:
                                 value */
    char tag[16];             /* CAA */
    bool critical;            /* CAA */
};

struct dns_answer {
    int rcode; /* 0, 3 NXDOMAIN, 2 SERVFAIL, ... */
    bool authoritative;
    char name[256];  /* the answer's own: what was asked for, or where its CNAMEs lead */
    char owner[256]; /* the zone, of SOA, and of answers without records; "": not said */
    struct dns_record list[DNS_ANSWERS_MAX];
    size_t n; /* of the type that was asked for, CNAMEs followed as far as the answer goes */
};

/* A server to ask. text: "192.0.2.53", "192.0.2.53:5353", "[2001:db8::1]:53"; NULL: the servers of
 * /etc/resolv.conf in turn (or 127.0.0.1). */
struct dns_servers {
    struct addr list[4];
    size_t n;
};
/* -EINVAL: not such a text. */
int dns_servers_of(const char *text, struct dns_servers *ret);

/* The servers of a text like that of /etc/resolv.conf. Pure but for names of interfaces. */
void dns_servers_parse(struct bytes text, struct dns_servers *ret);

/* UDP, by TCP when the answer is cut. 0 with an answer of any rcode; a server that fails or refuses
 * has the next one asked. -ETIMEDOUT, -ECONNREFUSED, ...: nobody answered; -EBADMSG: not in DNS'
 * form; -EINVAL: no name. */
int dns_ask(const struct dns_servers *s, const char *name, enum dns_type type, unsigned limit_ms,
            struct dns_answer *ret);

/* One message. Texts have other characters than ASCII's printable ones shown as '?'; what is longer
 * than its field is cut, and answers over DNS_ANSWERS_MAX are left out. Pure. -EBADMSG. */
int dns_parse(struct bytes message, enum dns_type type, struct dns_answer *ret);

/* The name servers of the zone that a name is in (an alias: that its target is in), by address; how
 * many. 0: cannot be found out. */
size_t dns_zone_servers(const struct dns_servers *s, const char *name, struct dns_servers *ret);
