/* A list of addresses and ports as an operator may write it: what is taken can be written and read
 * again as the same rule, holds its own ends, and is nowhere that relays may never go. */
#include "base/ip_rule.h"
#include "base/special_ip.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ip_rule *r)
{
    char text[IP_RULE_TEXT_SIZE], why[IP_RULE_WHY_SIZE];
    struct addr a = r->net;
    struct ip_rule again;

    if (ip_rule_parse_allowed(bytes_str(ip_rule_format(r, text)), &again, why) < 0 ||
        !addr_eq(&again.net, &r->net) || again.n_bits != r->n_bits ||
        again.port_min != r->port_min || again.port_max != r->port_max)
        abort();
    a.port = r->port_max;
    if (!ip_rule_matches(r, &a) || special_ip_find_never(&r->net, r->n_bits))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[IP_RULE_WHY_SIZE], *text = bytes_dup_str(bytes_of(data, size));
    struct ip_rule rules[16];
    size_t n = 17;
    int r = ip_rule_parse_list(text, true, rules, 16, &n, why);

    if (r == 0 ? n > 16 : (r != -EBADMSG && r != -ENOSPC) || n != 17 || !*why)
        abort();
    for (size_t i = 0; r == 0 && i < n; i++)
        check(&rules[i]);
    free(text);
    return 0;
}
