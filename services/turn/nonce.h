/* nonce.h: nonces that need no memory (RFC 8489 section 9.2): the time they were made, and an HMAC
 * of it and the client's address under a key that only this process knows. */
#pragma once

#include "base/addr.h"

#define NONCE_SIZE 24 /* characters, without the NUL */
#define NONCE_KEY_SIZE 32
#define NONCE_LIFETIME_MS 600000u

void nonce_make(const uint8_t key[static NONCE_KEY_SIZE], const struct addr *client,
                uint64_t now_ms, char ret[static NONCE_SIZE + 1]);

/* Made by us for this client, and not older than its lifetime. */
bool nonce_is_valid(const uint8_t key[static NONCE_KEY_SIZE], const struct addr *client,
                    uint64_t now_ms, struct bytes nonce);
