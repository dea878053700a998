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
    struct alloc *alloc;       /* of this flow, or NULL */
    bool has_key;              /* the sender proved to know it, so answers are signed */
    enum turn_stat refused_as; /* what a 401 is counted as */
    struct auth_user user;     /* of has_key */
};

/* The address family of a REQUESTED-ADDRESS-FAMILY, 0 when it is none. */
int request_family(uint8_t requested);

/* Where a new client of this flow is sent to instead (RFC 8489 section 10). False: nowhere. */
bool request_alternate(const struct request *rq, struct addr *ret);

/* Answers with an error, and the attributes that belong to it (realm and nonce for 401 and 438,
 * the unknown attributes for 420, the other server for 300); counts it. */
void request_reject(const struct request *rq, unsigned code);

/* Begin a success answer in buf, put attributes, then send it. */
struct wr request_reply(const struct request *rq, uint8_t buf[static REPLY_MAX]);
void request_send(const struct request *rq, struct wr *w);
