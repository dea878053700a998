/* firewall.h: would this machine's packet filter let a new connection in? Rule sets of nftables and
 * of both kinds of iptables are evaluated for a probe packet. What is not understood makes the
 * answer open, unless it does not matter for it. */
#pragma once

#include "base/addr.h"

#include <net/if.h>
#include <stdbool.h>

/* The first packet of somebody who was never here. */
struct fw_probe {
    int type;                 /* SOCK_STREAM (a SYN) or SOCK_DGRAM */
    struct addr from, to;     /* to: an address and port of this machine */
    char interface[IFNAMSIZ]; /* where it arrives */
};

/* What may happen to it. More than one bit: it could not be found out. */
enum {
    FW_ACCEPT = 1,
    FW_DROP = 2,     /* or rejected */
    FW_REDIRECT = 4, /* sent to another port or machine */
    FW_ANYTHING = FW_ACCEPT | FW_DROP,
};

#define FW_WHERE_SIZE 160

struct fw_answer {
    unsigned may;
    char where[FW_WHERE_SIZE]; /* "chain input of the nftables table inet filter" decides so */
};

/* Who keeps the rules, and so how an operator opens a port. */
enum fw_tool { FW_NONE, FW_UFW, FW_FIREWALLD, FW_NFTABLES, FW_IPTABLES };

struct firewall;

/* Asks nft and iptables for their rules. Needs root. 0; -EACCES; -EIO with a sentence in why. */
int firewall_read(struct firewall **ret, char *why, size_t why_size);

/* NULL is fine; returns NULL. */
struct firewall *firewall_free(struct firewall *f);

struct fw_answer firewall_ask(const struct firewall *f, const struct fw_probe *p);

enum fw_tool firewall_tool(const struct firewall *f);

/* The command that opens ports first..last of a protocol ("tcp", "udp"); returns buf. */
const char *firewall_opening(const struct firewall *f, const char *protocol, uint16_t first,
                             uint16_t last, char *buf, size_t size);
