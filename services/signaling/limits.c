#include "signaling/limits.h"

#include "signaling/app.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define LOG_MS 10000

static const struct row {
    const char *setting;
    size_t value; /* in struct config */
    const char *what;
} rows[N_STATS_LIMITS] = {
#define ROW(setting, field, what)                                                                  \
    {                                                                                              \
        (setting), offsetof(struct config, field), (what)                                          \
    }
    [STATS_MAX_SESSIONS] = ROW("SIGNALING_MAX_SESSIONS", max_sessions, "sessions"),
    [STATS_MAX_CONNECTIONS] =
        ROW("SIGNALING_MAX_CONNECTIONS", max_connections, "connections of a session"),
    [STATS_MAX_PARTICIPANTS] =
        ROW("SIGNALING_MAX_PARTICIPANTS", max_participants, "participants of a session"),
    [STATS_MAX_CLIENTS] = ROW("SIGNALING_MAX_CLIENTS", max_clients, "clients"),
    [STATS_MAX_WAITING] = ROW("SIGNALING_MAX_WAITING_CLIENTS", max_waiting,
                              "clients that have not "
                              "joined yet"),
    [STATS_MAX_HTTP] = ROW("SIGNALING_MAX_HTTP_CONNECTIONS", max_http, "HTTP connections"),
    [STATS_MAX_PER_ADDRESS] = ROW("SIGNALING_MAX_CONNECTIONS_PER_ADDRESS", max_per_address,
                                  "connections and WebSockets of an address"),
    [STATS_MAX_PARTICIPANTS_PER_ADDRESS] =
        ROW("SIGNALING_MAX_PARTICIPANTS_PER_ADDRESS", max_participants_per_address,
            "participants of an address"),
    [STATS_MAX_QUEUED] =
        ROW("SIGNALING_MAX_QUEUED_REQUESTS", max_queued_requests, "requests of a client at a time"),
    [STATS_MAX_MESSAGES] =
        ROW("SIGNALING_MAX_MESSAGES", max_messages_per_s, "messages of a client in a second"),
    [STATS_MAX_UNREAD] =
        ROW("SIGNALING_MAX_UNREAD", max_unread_kib, "KiB that wait for a client to read them"),
};

void limit_struck(struct app *app, enum stats_limit which, const char *about, ...)
{
    const struct row *row = &rows[which];
    char text[256];
    int64_t value;
    va_list ap;

    stats_refused(&app->stats, which);
    memcpy(&value, (const char *) &app->config + row->value, sizeof(value));
    va_start(ap, about);
    (void) vsnprintf(text, sizeof(text), about, ap);
    va_end(ap);
    app->limits.log[which].interval_ms = LOG_MS;
    log_limited(&app->limits.log[which], LOG_LEVEL_WARNING,
                "%s: more than %" PRId64 " %s (%s raises that)", text, value, row->what,
                row->setting);
}
