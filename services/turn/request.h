/* request.h: a STUN request on its way through the server, and how it is answered. */
#pragma once

#include "turn/turn.h"

#define REPLY_MAX 512

struct request {
    /* input */
    struct turn *turn;
    const struct flow *flow;
    const struct stun *msg;
    uint64_t now_ms;
    /* set by the dispatcher */
    struct alloc *alloc;   /* of this flow, or NULL */
    bool has_key;          /* the sender proved to know it, so answers are signed */
    struct auth_user user; /* whose key that is */
};

/* Answers with an error, and the attributes that belong to it (realm and nonce for 401 and 438,
 * the unknown attributes for 420). */
void request_reject(const struct request *rq, unsigned code);

/* Begin a success answer in buf, put attributes, then send it. */
struct wr request_reply(const struct request *rq, uint8_t buf[static REPLY_MAX]);
void request_send(const struct request *rq, struct wr *w);

/* Attributes that we must understand and do not: unknown ones, and DONT-FRAGMENT, for which UDP
 * sockets have no switch by the packet. Returns how many. */
unsigned request_unknown(const struct stun *m, uint16_t ret[static STUN_UNKNOWN_MAX + 1]);
