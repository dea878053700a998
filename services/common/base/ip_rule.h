/* ip_rule.h: lists of addresses as operators write them, for what is allowed and what is denied:
 *   10.1.2.3   10.0.0.0/8   2001:db8::/32          every port
 *   10.1.2.3:5000   10.0.0.0/8:5000-5999           these ports
 *   [2001:db8::1]:5000   [2001:db8::/32]:5000-5999
 * Pure. */
#pragma once

#include "base/addr.h"

struct ip_rule {
    struct addr net; /* port 0; all 0 behind the prefix */
    uint8_t n_bits;
    uint16_t port_min, port_max; /* 0 to 65535: every port */
};

#define IP_RULE_WHY_SIZE 320
#define IP_RULE_TEXT_SIZE 72
#define IP_RULE_EXAMPLES                                                                           \
    "203.0.113.7, 10.0.0.0/8, 10.1.2.3:5000-5999, 2001:db8::/32 or [2001:db8::1]:5000"

/* -EBADMSG: why says which text is wrong, what would be right, and gives an example. */
int ip_rule_parse(struct bytes text, struct ip_rule *ret, char why[static IP_RULE_WHY_SIZE]);

/* The same, for what relays shall reach: a range of which they never may is refused as well. */
int ip_rule_parse_allowed(struct bytes text, struct ip_rule *ret,
                          char why[static IP_RULE_WHY_SIZE]);

/* The same rule for every text of a list with commas between, blanks around them do not matter;
 * an empty text has none. -ENOSPC: more than max, why says so. */
int ip_rule_parse_list(const char *text, bool allowed, struct ip_rule *ret, size_t max,
                       size_t *ret_n, char why[static IP_RULE_WHY_SIZE]);

/* As it can be parsed again; returns buf. */
const char *ip_rule_format(const struct ip_rule *r, char buf[static IP_RULE_TEXT_SIZE]);

bool ip_rule_has_every_port(const struct ip_rule *r);

/* The IP alone, and with the port. */
bool ip_rule_matches_ip(const struct ip_rule *r, const struct addr *a);
bool ip_rule_matches(const struct ip_rule *r, const struct addr *a);
