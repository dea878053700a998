/* limits.h: the limits of a media daemon: what a client is told when one is reached, how often that
 * was, and a line in the log at most once each 10 s for each of them. Control's; not thread-safe.
 */
#pragma once

#include "media/config.h"

#include "base/log.h"

enum limit {
    LIMIT_NONE,
    LIMIT_ROOMS,
    LIMIT_ROOM_TRANSPORTS, /* of a room */
    LIMIT_PUBLISHERS,      /* of a room */
    LIMIT_SUBSCRIBERS,     /* of a stream */
    LIMIT_TRANSPORTS,
    LIMIT_AGENTS,
    LIMIT_SEND_RATE,
    N_LIMITS,
};

struct limits {
    uint64_t refused[N_LIMITS];
    struct log_limit log[N_LIMITS];
};

/* The setting that raises it, as the operator knows it. */
const char *limit_key(enum limit which);

/* For the client: what is full, how much that is, and what raises it. */
void limit_text(enum limit which, const struct config *c, char *text, size_t size);

/* Something for this room was refused: counts, and logs. */
void limits_struck(struct limits *l, enum limit which, const struct config *c, const char *room);
