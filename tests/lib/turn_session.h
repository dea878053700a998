/* turn_session.h: the requests of a TURN client by hand, one after the other, each sent again until
 * it is answered. Its name is good for an hour and no other session has it. */
#pragma once

#include "codec/stun.h"

#define TURN_SECRET "bench-secret"
#define TURN_REALM "visavis"
#define TURN_CHANNEL 0x4001

struct turn_session {
    int fd; /* connected to the server, blocking; the caller's */
    struct addr relayed;
    char username[40], nonce[128];
    size_t nonce_len;
    uint8_t key[16];
};

/* -EMFILE or the like: fd, a negative errno, is returned. */
int turn_session_init(struct turn_session *s, int fd);
int turn_session_init_as(struct turn_session *s, int fd, const char *username);

/* 0, the error code of the answer, or -ETIMEDOUT. All of them learn a nonce by being refused. */
int turn_session_allocate(struct turn_session *s);
int turn_session_bind(struct turn_session *s, const struct addr *peer); /* to TURN_CHANNEL */
int turn_session_delete(struct turn_session *s);
