/* fw_nft.h: evaluates the rule set of nftables, as `nft -j list ruleset` prints it, for a probe
 * packet: the base chains of prerouting and input. Pure. */
#pragma once

#include "firewall/firewall.h"

struct fw_nft;

/* -EBADMSG when it is no such document. */
int fw_nft_load(struct bytes json, struct fw_nft **ret);
struct fw_nft *fw_nft_free(struct fw_nft *n); /* NULL is fine; returns NULL */

struct fw_answer fw_nft_ask(const struct fw_nft *n, const struct fw_probe *p);

/* iptables' compatibility layer keeps some matches in a form that only iptables can print. Tables
 * with such rules are left out of the answer; then this is true, and `iptables-nft-save` is to be
 * asked, too. family: AF_INET, AF_INET6. */
bool fw_nft_has_xt(const struct fw_nft *n, int family);

/* Are there tables of firewalld (or chains of ufw)? Are there rules at all? */
bool fw_nft_has_table(const struct fw_nft *n, const char *name);
bool fw_nft_has_chain(const struct fw_nft *n, const char *name);

/* The base chain of input that an operator would add a rule to: "inet filter input". False when
 * there is none. */
bool fw_nft_input_chain(const struct fw_nft *n, char *ret, size_t size);
