#include "signaling/stats.h"

#include "signaling/reasons.h"

#include <string.h>

const char *const stats_drop_names[N_STATS_DROPS] = {
    [STATS_CLOSED] = "closed",     [STATS_LOST] = "lost",         [STATS_REPLACED] = "replaced",
    [STATS_LEFT] = "left",         [STATS_WATCHDOG] = "watchdog", [STATS_SLOW] = "slow",
    [STATS_FLOOD] = "flood",       [STATS_PROTOCOL] = "protocol", [STATS_TOO_LONG] = "too_long",
    [STATS_STOPPING] = "stopping", [STATS_WAITING] = "waiting",
};

const char *const stats_limit_names[N_STATS_LIMITS] = {
    [STATS_MAX_SESSIONS] = "max_sessions",
    [STATS_MAX_CONNECTIONS] = "max_connections",
    [STATS_MAX_PARTICIPANTS] = "max_participants",
    [STATS_MAX_CLIENTS] = "max_clients",
    [STATS_MAX_WAITING] = "max_waiting",
    [STATS_MAX_HTTP] = "max_http",
    [STATS_MAX_PER_ADDRESS] = "max_per_address",
    [STATS_MAX_PARTICIPANTS_PER_ADDRESS] = "max_participants_per_address",
    [STATS_MAX_QUEUED] = "max_queued",
    [STATS_MAX_MESSAGES] = "max_messages",
    [STATS_MAX_UNREAD] = "max_unread",
};

const char *const stats_media_names[N_STATS_MEDIA] = {
    [STATS_PUBLISH] = "publish",
    [STATS_SUBSCRIBE] = "subscribe",
    [STATS_OFFER] = "offer",
    [STATS_ANSWER] = "answer",
};

const char *const stats_reason_names[] = {
    REASON_DISCONNECT,
    REASON_NETWORK_DISCONNECT,
    REASON_FORCE_DISCONNECT_BY_USER,
    REASON_FORCE_DISCONNECT_BY_SERVER,
    REASON_LAST_PARTICIPANT_LEFT,
    REASON_SESSION_CLOSED_BY_SERVER,
    REASON_MEDIA_SERVER_RECONNECT,
    REASON_NODE_CRASHED,
    REASON_SERVER_STOPPED,
    "other",
    NULL,
};
_Static_assert(sizeof(stats_reason_names) / sizeof(char *) <= STATS_REASONS_MAX + 1, "no room");

/* The index of name, or of the last one. */
static size_t find(const char *const *names, const char *name)
{
    size_t i = 0;

    while (names[i + 1] && strcmp(names[i], name) != 0)
        i++;
    return i;
}

void stats_event(struct stats *st, const char *name)
{
    size_t i = 0;

    while (i < EVENT_NAMES_SENT && strcmp(event_name(i), name) != 0)
        i++;
    if (st)
        st->events[i]++;
}

void stats_left(struct stats *st, const char *reason)
{
    if (st)
        st->left[find(stats_reason_names, reason)]++;
}

void stats_refused(struct stats *st, enum stats_limit limit)
{
    if (st)
        st->refused[limit]++;
}

enum stats_media stats_media_of(const char *method)
{
    for (size_t i = 0; i < N_STATS_MEDIA; i++) {
        if (strcmp(stats_media_names[i], method) == 0)
            return (enum stats_media) i;
    }
    return STATS_PUBLISH;
}
