/* port_ranges.h: ranges of ports, and the kernel's way to write lists of them. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How many ports belong to media from MEDIA_PORT on: more than any machine has workers. */
#define MEDIA_PORTS 64

struct port_range {
    uint16_t first, last; /* both belong to it; empty when first > last */
};

/* "32768\t60999" or "40000-40063". */
bool port_range_parse(const char *text, struct port_range *ret);

struct port_range port_range_common(struct port_range a, struct port_range b);

/* Does a list as "8080,9000-9010" hold all ports of r? */
bool port_ranges_cover(const char *list, struct port_range r);

/* Is the list empty (blanks alone)? */
bool port_ranges_none(const char *list);
