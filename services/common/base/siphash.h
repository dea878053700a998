/* siphash.h: SipHash-1-3 (Aumasson and Bernstein), for tables whose keys come from strangers:
 * without the secret nobody can make many keys meet. In host byte order: values never leave the
 * process. */
#pragma once

#include "base/bytes.h"

uint64_t siphash13(const uint64_t secret[static 2], struct bytes in);
