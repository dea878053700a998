/* fw_logic.h: what the evaluators of rule sets share: logic with a third value, and outcomes of
 * rules. Pure. */
#pragma once

#include "firewall/firewall.h"

enum fw_truth { FW_FALSE, FW_TRUE, FW_MAYBE };

static inline enum fw_truth fw_and(enum fw_truth a, enum fw_truth b)
{
    return a == FW_FALSE || b == FW_FALSE ? FW_FALSE : a == FW_TRUE ? b : FW_MAYBE;
}

static inline enum fw_truth fw_or(enum fw_truth a, enum fw_truth b)
{
    return a == FW_TRUE || b == FW_TRUE ? FW_TRUE : a == FW_FALSE ? b : FW_MAYBE;
}

static inline enum fw_truth fw_not(enum fw_truth a)
{
    return a == FW_MAYBE ? FW_MAYBE : a == FW_TRUE ? FW_FALSE : FW_TRUE;
}

static inline enum fw_truth fw_truth(bool b)
{
    return b ? FW_TRUE : FW_FALSE;
}

/* Outcomes besides those of enum FW_ACCEPT...: within and between chains. */
enum {
    FW_CONTINUE = 64, /* the next rule is looked at */
    FW_RETURN = 128,  /* the rule after the jump is looked at */
};

/* A chain's outcome while its rules are looked at one by one. */
struct fw_outcome {
    unsigned may; /* of the rules so far */
    bool closed;  /* no packet gets to the next rule */
};

/* A rule with outcome v holds in the way of truth. */
static inline void fw_apply(struct fw_outcome *o, enum fw_truth truth, unsigned v)
{
    if (o->closed || truth == FW_FALSE)
        return;
    o->may |= v & ~(unsigned) FW_CONTINUE;
    o->closed = truth == FW_TRUE && !(v & FW_CONTINUE);
}

/* For the chain that jumped here. */
static inline unsigned fw_result(const struct fw_outcome *o)
{
    unsigned may = o->may & ~(unsigned) FW_RETURN;

    return !o->closed || o->may & FW_RETURN ? may | FW_CONTINUE : may;
}

/* Is the address in the network of len bits? */
bool fw_in_network(const struct addr *a, const struct addr *network, unsigned len);

/* "192.0.2.0/24", "192.0.2.1", "2001:db8::/32". -EBADMSG. */
int fw_parse_network(const char *text, struct addr *ret, unsigned *ret_len);

/* An interface name, or a pattern that ends in the wildcard. */
bool fw_interface_matches(const char *pattern, char wildcard, const char *name);

/* Two rule sets that a packet must both survive. The one that stops it is named. */
struct fw_answer fw_both(const struct fw_answer *a, const struct fw_answer *b);

/* Bits of the TCP flags by their names (without case), 0 for another word. */
unsigned fw_tcp_flag(const char *name);
#define FW_TCP_SYN 2u
