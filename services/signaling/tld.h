/* tld.h: the top-level domains that there are. */
#pragma once

#include <stdbool.h>

/* label: "com", "xn--p1ai"; upper or lower case. */
bool tld_is_real(const char *label);
