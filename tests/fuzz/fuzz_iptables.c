/* Whatever iptables-save prints: an answer without an unknown bit, and the same one each time. */
#include "firewall/fw_iptables.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fw_probe p = {.type = size % 2 ? SOCK_STREAM : SOCK_DGRAM, .interface = "eth0"};
    struct fw_answer a, b;

    addr_parse_ip("93.184.216.34", 50000, &p.from);
    addr_parse_ip("192.0.2.1", 443, &p.to);
    a = fw_iptables_ask(bytes_of(data, size), "iptables", &p);
    b = fw_iptables_ask(bytes_of(data, size), "iptables", &p);
    if (a.may == 0 || a.may & ~(unsigned) (FW_ANYTHING | FW_REDIRECT) || a.may != b.may)
        abort();
    (void) fw_iptables_has_chain(bytes_of(data, size), "ufw-user-input");
    (void) fw_iptables_active(bytes_of(data, size));
    return 0;
}
