/* fw_iptables.h: evaluates what iptables-save or ip6tables-save prints for a probe packet: chains
 * PREROUTING and INPUT of all tables. Pure. */
#pragma once

#include "firewall/firewall.h"

/* name: what to call this rule set, "iptables" or "iptables-legacy". */
struct fw_answer fw_iptables_ask(struct bytes text, const char *name, const struct fw_probe *p);

/* Is there a chain of that name in it? */
bool fw_iptables_has_chain(struct bytes text, const char *name);

/* Is there any rule, or a policy other than ACCEPT? */
bool fw_iptables_active(struct bytes text);
