/* rnd.h: random values from the kernel. They cannot fail: without randomness there is no safe way
 * to go on, so the process ends. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void rnd_bytes(void *ret, size_t len);
uint32_t rnd_u32(void);
uint64_t rnd_u64(void);

/* n characters [A-Za-z0-9], each equally likely, and a NUL: ret has room for n + 1. */
void rnd_alnum(char *ret, size_t n);

/* The shape of the API's ids: an upper-case letter, then n - 1 of [A-Za-z0-9], and a NUL. */
void rnd_id(char *ret, size_t n);
