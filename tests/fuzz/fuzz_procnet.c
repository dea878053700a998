/* What /proc prints, and os-release: tables of sockets, routes, control groups. */
#include "host/facts.h"
#include "host/listeners.h"
#include "host/port_ranges.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);
    struct listener list[4];
    struct os_release o;
    struct port_range range = {40000, 40063};
    char buf[64], name[IFNAMSIZ], *copy = bytes_dup_str(text);
    uint64_t n;

    if (listeners_parse(text, SOCK_STREAM, list, 4) != listeners_parse(text, SOCK_STREAM, NULL, 0))
        abort();
    (void) listeners_parse(text, SOCK_DGRAM, list, 4);
    cgroup_unit(text, buf, sizeof(buf));
    os_release_parse(text, &o);
    (void) os_release_is(&o, "debian");
    (void) fact_line_number(text, "MemTotal", &n);
    (void) route_interface(text, AF_INET, name);
    (void) route_interface(text, AF_INET6, name);
    if (copy && port_ranges_cover(copy, range) && port_ranges_none(copy))
        abort();
    free(copy);
    return 0;
}
