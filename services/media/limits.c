#include "media/limits.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LOG_MS 10000

static const struct row {
    const char *key;
    size_t value; /* in struct config */
    const char *what;
} rows[N_LIMITS] = {
    [LIMIT_ROOMS] = {"MEDIA_MAX_ROOMS", offsetof(struct config, max_rooms), "rooms"},
    [LIMIT_ROOM_TRANSPORTS] = {"MEDIA_MAX_ROOM_TRANSPORTS",
                               offsetof(struct config, max_room_transports),
                               "transports in a room"},
    [LIMIT_PUBLISHERS] = {"MEDIA_MAX_PUBLISHERS", offsetof(struct config, max_streams),
                          "publishers in a room"},
    [LIMIT_SUBSCRIBERS] = {"MEDIA_MAX_SUBSCRIBERS", offsetof(struct config, max_subscribers),
                           "subscribers of a stream"},
    [LIMIT_TRANSPORTS] = {"MEDIA_MAX_TRANSPORTS", offsetof(struct config, max_transports),
                          "transports"},
    [LIMIT_AGENTS] = {"MEDIA_MAX_AGENTS", offsetof(struct config, max_agents), "ICE agents"},
    [LIMIT_SEND_RATE] = {"MEDIA_MAX_SEND_BANDWIDTH", offsetof(struct config, max_send_mbits),
                         "Mbit/s to its clients"},
};

const char *limit_key(enum limit which)
{
    return rows[which].key;
}

static int64_t value_of(enum limit which, const struct config *c)
{
    int64_t value;

    memcpy(&value, (const char *) c + rows[which].value, sizeof(value));
    return value;
}

void limit_text(enum limit which, const struct config *c, char *text, size_t size)
{
    (void) snprintf(text, size,
                    "The media server's limit of %" PRId64 " %s is reached (its setting %s)",
                    value_of(which, c), rows[which].what, rows[which].key);
}

void limits_struck(struct limits *l, enum limit which, const struct config *c, const char *room)
{
    l->refused[which]++;
    l->log[which].interval_ms = LOG_MS;
    log_limited(&l->log[which], LOG_LEVEL_WARNING,
                "room %s: refused, there are %" PRId64 " %s (%s raises that)", room,
                value_of(which, c), rows[which].what, rows[which].key);
}
