/* reservations.h: relay ports that are kept for a second allocation of the same client (EVEN-PORT
 * and RESERVATION-TOKEN, RFC 8656 section 7.2): a token stands for a bound socket.
 * Shared by the threads, with a lock: the second request may arrive at another one. */
#pragma once

#include "base/addr.h"
#include "turn/quota.h"

#define RESERVATION_TOKEN_SIZE 8
#define RESERVATION_LIFETIME_MS 30000u
#define RESERVATIONS_MAX 1024

struct reservations;

/* What is given away: an allocation's socket and place in the quota. */
struct reservation {
    int fd;
    struct addr bound;
    struct quota_user *quota_user;
};

/* quota must outlive it. -ENOMEM. */
int reservations_new(struct quota *quota, struct reservations **ret_reservations);

/* Closes what is left. NULL is fine; returns NULL. */
struct reservations *reservations_free(struct reservations *s);

/* Takes over the socket, for RESERVATION_LIFETIME_MS, and a place in the user's quota. -EDQUOT and
 * others of quota_take(); -ENOSPC: there are too many. Nothing is taken over then. */
int reservations_put(struct reservations *s, struct bytes username, int fd,
                     const struct addr *bound, uint64_t now_ms,
                     uint8_t ret_token[static RESERVATION_TOKEN_SIZE]);

/* Gives it away, once, to the user who made it. -ENOENT: no such token, or its time is over, or
 * another's. */
int reservations_take(struct reservations *s, const uint8_t token[static RESERVATION_TOKEN_SIZE],
                      struct bytes username, uint64_t now_ms, struct reservation *ret);

/* Closes those whose time is over. */
void reservations_expire(struct reservations *s, uint64_t now_ms);
