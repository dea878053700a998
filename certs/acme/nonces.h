/* nonces.h: the nonces that a server gave out and that were not used yet (RFC 8555 section 6.5).
 * Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define NONCES_MAX 8
#define NONCE_SIZE 256

/* Zeroed: none. */
struct nonces {
    char list[NONCES_MAX][NONCE_SIZE]; /* the newest last */
    size_t n;
};

/* What is no nonce, or too long, is passed over; the oldest goes when there are too many. */
void nonces_put(struct nonces *p, const char *nonce);

/* The newest one, which is the likeliest to be good still. false: none. */
bool nonces_take(struct nonces *p, char ret[static NONCE_SIZE]);

void nonces_clear(struct nonces *p);
