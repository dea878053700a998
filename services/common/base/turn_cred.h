/* turn_cred.h: time-limited TURN credentials by a shared secret: the username carries the time of
 * expiry, the credential is its HMAC. */
#pragma once

#include <stdint.h>

#define TURN_CRED_LIFETIME_S 86400

struct turn_cred {
    char username[32];   /* "<unix seconds>:<name>" */
    char credential[32]; /* base64 of 20 bytes */
};

/* The credential that belongs to a username. */
void turn_cred_sign(const char *secret, const char *username, char ret[static 32]);

/* A new pair, valid for TURN_CRED_LIFETIME_S from now. name: whose it is, for the TURN server's
 * log; at most 16 characters. */
void turn_cred_new(const char *secret, uint64_t now_ms, const char *name, struct turn_cred *ret);
