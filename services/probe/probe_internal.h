/* probe_internal.h: what the files of probe.h share. */
#pragma once

#include "client/api.h"
#include "client/media_source.h"
#include "client/tls_tunnel.h"
#include "probe/probe.h"
#include "probe/reasons.h"

/* A participant. */
struct member {
    struct probe *probe;
    unsigned nr;
    bool publishes, watches;
    char *token;
    struct participant *participant;
    bool open, joined, ended;
    struct ice_full_config ice;

    /* of those that publish */
    struct participant_stream *stream;
    struct media_source *source;
    uint64_t began_us;
    bool connected;
};

/* A member's look at a publisher's stream. */
struct watch {
    struct member *member;
    struct participant_stream *stream;
    uint64_t began_us;
    bool connected;
    bool gone; /* its publisher has ended it */
    struct probe_subscription *result;
};

/* A TURN server, one for each transport. */
struct relay {
    bool offered;
    char url[512];
    struct turn_url at;
    struct addr addr;          /* of the server; family 0: its name is not found */
    struct tls_tunnel *tunnel; /* of TURN_TLS: the way for libnice */
};

struct probe {
    struct loop *loop;
    const struct probe_config *config;
    struct http *http;
    struct api *api;
    struct rtc_hub *hub;
    struct ice_quota agents;
    struct ice_hub *ice;
    uint32_t sender;
    char session[PARTICIPANT_ID_SIZE];
    bool own_session;

    enum probe_step step; /* that runs */
    struct probe_step_result steps[N_PROBE_STEPS];
    bool over, failed;
    struct loop_timer deadline; /* of the step; in the last one: its end */
    struct loop_timer reports;
    unsigned n_leaving;

    struct member *members; /* publishers first */
    unsigned n_members, n_tokens;
    struct watch *watches;
    unsigned n_watches, n_expected; /* of the latter: at least */
    struct probe_publisher *publishers;
    struct probe_subscription *subscriptions;

    struct relay relays[TURN_TRANSPORTS];
    struct turn_check *check;
    char check_user[512], check_password[512];
    struct turn_check_result checked;
    char checked_message[256];
    bool was_checked;
};

/* ---- probe.c ---- */

/* The step is done, the next one begins. */
void probe_pass(struct probe *p);
void probe_fail(struct probe *p, const char *reason, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- probe_members.c ---- */

int probe_connect_members(struct probe *p);
int probe_publish(struct probe *p);
void probe_fail_stream(struct probe *p, const struct participant_stream *s);
struct participant_stream_config
probe_stream_config(struct member *m, const struct participant_stream_handlers *handlers,
                    void *arg);

/* The step's time is over: what are those that are not done waiting for? */
void probe_fail_late(struct probe *p);

/* Copies what peers have counted. */
void probe_collect(struct probe *p);
void probe_free_members(struct probe *p);

/* ---- probe_watches.c ---- */

/* Of the run's own publishers, as far as they are answered. */
bool probe_is_ours(const struct probe *p, const char *stream);

/* A member is told of another's stream. */
void probe_stream_came(struct member *m, const char *stream);
void probe_stream_went(struct member *m, const char *stream);
void probe_subscribe(struct probe *p);

/* ---- probe_relay.c ---- */

/* Which relays do the members get to know? */
void probe_find_relays(struct probe *p);
void probe_fill_relays(struct member *m);

/* Asks the server of the configured path for an allocation. */
void probe_check_relay(struct probe *p);
void probe_free_relays(struct probe *p);

static inline bool probe_needs_relay(const struct probe *p)
{
    return p->config->path >= CLIENT_PATH_TURN_UDP;
}
