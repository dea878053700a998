/* stats.h: what the daemon counts, for metrics.h. One struct, added to where things happen; the
 * names of what is counted stand here once. Counters only ever grow, but for those that say so. */
#pragma once

#include "base/event_names.h"
#include "base/prom.h"

/* The tables of RPC methods and REST routes are this long at most; what is not in them is counted
 * behind their last row. */
#define STATS_METHODS_MAX 63
#define STATS_ROUTES_MAX 95

enum stats_outcome { STATS_RESULT, STATS_ERROR, N_STATS_OUTCOMES };

/* 1xx to 5xx */
#define STATS_CLASSES 5

/* Why a client's WebSocket ended. */
enum stats_drop {
    STATS_CLOSED,   /* the client said so */
    STATS_LOST,     /* without a word */
    STATS_REPLACED, /* it came back on another one */
    STATS_LEFT,     /* we closed it after its participant had left */
    STATS_WATCHDOG, /* no ping came */
    STATS_SLOW,     /* it did not read */
    STATS_FLOOD,    /* too many requests at a time, or messages */
    STATS_PROTOCOL, /* it broke the rules of WebSockets */
    STATS_TOO_LONG, /* a message was */
    STATS_STOPPING, /* the daemon stops */
    STATS_WAITING,  /* it did not join */
    N_STATS_DROPS
};

/* What was refused, or ended, because there was too much of it. */
enum stats_limit {
    STATS_MAX_SESSIONS,
    STATS_MAX_CONNECTIONS,
    STATS_MAX_PARTICIPANTS,
    STATS_MAX_CLIENTS,
    STATS_MAX_WAITING,
    STATS_MAX_HTTP,
    STATS_MAX_PER_ADDRESS,
    STATS_MAX_PARTICIPANTS_PER_ADDRESS,
    STATS_MAX_QUEUED,
    STATS_MAX_MESSAGES,
    STATS_MAX_UNREAD,
    N_STATS_LIMITS
};

/* What media is asked and has to answer. */
enum stats_media {
    STATS_PUBLISH,
    STATS_SUBSCRIBE,
    STATS_OFFER,
    STATS_ANSWER,
    N_STATS_MEDIA,
};

#define STATS_REASONS_MAX 24

struct stats {
    uint64_t rpc[STATS_METHODS_MAX + 1][N_STATS_OUTCOMES];
    uint64_t rest[STATS_ROUTES_MAX + 1][STATS_CLASSES];
    uint64_t dropped[N_STATS_DROPS];
    uint64_t refused[N_STATS_LIMITS];
    uint64_t events[EVENT_NAMES_SENT + 1]; /* as event_name() has them; then all others */
    uint64_t left[STATS_REASONS_MAX];
    struct prom_histogram join;
    struct prom_histogram media[N_STATS_MEDIA];
    uint64_t media_failed[N_STATS_MEDIA];
    size_t media_pending; /* grows and shrinks */
};

extern const char *const stats_drop_names[N_STATS_DROPS];
extern const char *const stats_limit_names[N_STATS_LIMITS];
extern const char *const stats_media_names[N_STATS_MEDIA];

/* NULL-terminated; the last one stands for all that is not in the list. */
extern const char *const stats_reason_names[];

/* By name. st may be NULL in all three: nobody counts. */
void stats_event(struct stats *st, const char *name);
void stats_left(struct stats *st, const char *reason);
void stats_refused(struct stats *st, enum stats_limit limit);

/* Of media's method; STATS_PUBLISH for one that is none. */
enum stats_media stats_media_of(const char *method);
