/* ticket.h: proof of having logged in, for a cookie: "<expiry in Unix seconds>.<HMAC of it>". No
 * state: a ticket is good until it expires or the secret that it is made of changes. Pure. */
#pragma once

#include "base/crypto.h"

#define TICKET_SIZE 80

struct ticket_key {
    uint8_t bytes[SHA256_SIZE];
};

/* purpose and user keep tickets apart that are made of one secret. Takes some milliseconds, so that
 * a stolen ticket helps little in guessing the secret. -ENOMEM. */
int ticket_key_init(struct ticket_key *ret, const char *secret, const char *purpose,
                    const char *user);

/* -ENOMEM. */
int ticket_make(const struct ticket_key *k, uint64_t expiry_s, char ret[static TICKET_SIZE]);
bool ticket_is_valid(const struct ticket_key *k, struct bytes ticket, uint64_t now_s);
