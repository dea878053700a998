/* Whatever nft prints: an answer without an unknown bit, and the same one each time. */
#include "firewall/fw_nft.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct fw_nft *n, const char *from, const char *to, int type)
{
    struct fw_probe p = {.type = type, .interface = "eth0"};
    struct fw_answer a, b;

    addr_parse_ip(from, 50000, &p.from);
    addr_parse_ip(to, 443, &p.to);
    a = fw_nft_ask(n, &p);
    b = fw_nft_ask(n, &p);
    if (a.may == 0 || a.may & ~(unsigned) (FW_ANYTHING | FW_REDIRECT) || a.may != b.may)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fw_nft *n;
    char chain[128];

    if (fw_nft_load(bytes_of(data, size), &n) < 0)
        return 0;
    ask(n, "93.184.216.34", "192.0.2.1", SOCK_STREAM);
    ask(n, "2001:db8::1", "2001:db8::2", SOCK_DGRAM);
    (void) fw_nft_has_xt(n, AF_INET);
    (void) fw_nft_has_chain(n, "ufw-user-input");
    (void) fw_nft_input_chain(n, chain, sizeof(chain));
    fw_nft_free(n);
    return 0;
}
