/* dns_message.h: messages of the DNS (RFC 1035; EDNS: RFC 6891; CAA: RFC 8659), as far as a client
 * needs them. Pure; dns_parse() of dns.h is made here, too. */
#pragma once

#include "acme/dns.h"

#define DNS_NAME_SIZE 256
#define DNS_QUERY_SIZE 512
#define DNS_UDP_PAYLOAD 1232 /* what passes everywhere in one piece */

#define DNS_FORMERR 1
#define DNS_SERVFAIL 2
#define DNS_NXDOMAIN 3
#define DNS_NOTIMP 4
#define DNS_REFUSED 5

/* A question for a recursive server. edns: with an OPT record. -EINVAL: not a name. */
int dns_query_build(uint16_t id, const char *name, enum dns_type type, bool edns,
                    uint8_t buf[static DNS_QUERY_SIZE], size_t *ret_len);

/* Who is answered what? Names have their letters in lower case; characters that do not belong in
 * one are '?'. */
struct dns_head {
    uint16_t id;
    uint16_t flags;
    char question[DNS_NAME_SIZE]; /* "." is the root; "": the message has no question */
    uint16_t type;
};
int dns_head_parse(struct bytes message, struct dns_head *ret);

static inline bool dns_head_is_answer(const struct dns_head *h)
{
    return (h->flags & 0x8000) != 0;
}

static inline bool dns_head_is_cut(const struct dns_head *h)
{
    return (h->flags & 0x0200) != 0;
}

/* Is name within zone, or zone itself? Case does not matter; dots at their ends neither. */
bool dns_name_is_within(const char *name, const char *zone);

/* The name without its first label: "org" of "example.org"; NULL at the top. */
const char *dns_name_parent(const char *name);
