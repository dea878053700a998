/* app.h: the parts of the daemon. One thread; handlers of REST, RPC and the media link all get
 * this. */
#pragma once

#include "base/log.h"
#include "loop/loop.h"

#include "signaling/client.h"
#include "signaling/config.h"
#include "signaling/info.h"
#include "signaling/limits.h"
#include "signaling/rpc_wait.h"
#include "signaling/session.h"
#include "signaling/stats.h"

struct media;
struct metrics;
struct outbox;
struct recording_module;
struct rest_lists;
struct state;
struct store;
struct throttle;
struct turn_link;
struct web;

struct app {
    struct config config;
    struct loop *loop;
    struct sessions sessions;
    struct clients clients;
    struct media *media;
    struct rpc_waiting waiting; /* for media */
    unsigned n_inquiries;       /* endpoints.h */
    struct rest_lists *lists;
    struct turn_link *turn; /* NULL: there is no TURN server of ours */
    struct store *store;
    struct state *state;
    struct outbox *outbox; /* of events for the CDR and the webhook; NULL: nobody wants them */
    struct web *web;
    struct info info;        /* those who look on */
    struct metrics *metrics; /* NULL: nobody may look */
    struct stats stats;
    struct limits limits;
    const struct recording_module *recording; /* NULL: this server does not record */
    struct throttle *throttle;                /* of those who guess the secret */
    struct log_limit log_guessing;
    struct loop_timer sweep_timer;
    struct loop_timer gc_timer;
    int64_t gc_interval_s; /* as the timer goes by */
    struct loop_timer quit_timer;
    uint64_t quit_by_ms;
    bool stopping; /* nothing new is begun */
};
