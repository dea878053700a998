/* probe.h: one run against a server: a session is made, participants join it, publish, subscribe to
 * each other's streams, and what arrives is measured. Each step is named; the first that fails is
 * the last. One run a process. */
#pragma once

#include "client/ice_full.h"
#include "client/meter.h"
#include "client/participant.h"
#include "client/turn_check.h"

#define PROBE_MEMBERS_MAX 1000
#define PROBE_WATCHES_MAX 4000 /* those beyond are not watched */

struct probe_config {
    const char *url, *secret;
    const char *session; /* NULL: one of the run's own, closed at its end */
    const char *connect_to, *ca_file;
    bool any_certificate;
    unsigned publishers, subscribers; /* the latter watch whatever is published in the session */
    bool meet;                        /* those that publish watch as well */
    unsigned duration_s;
    enum client_path path;
    struct addr only; /* of the server's media addresses that one alone; family 0: all */
    bool light;       /* the checker of ice_check.h in place of libnice */
    bool audio, video;
    unsigned video_kbit_s, frames_s;
    const char *audio_file, *video_file;
};

enum probe_step {
    PROBE_REST,      /* session and tokens */
    PROBE_WEBSOCKET, /* all are connected */
    PROBE_JOIN,      /* and have joined */
    PROBE_RELAY,     /* of paths over TURN: an allocation */
    PROBE_PUBLISH,   /* all publish: negotiated, checked, encrypted */
    PROBE_SUBSCRIBE, /* all see all */
    PROBE_ECHO,      /* media comes, for as long as was asked */
    N_PROBE_STEPS
};

enum probe_verdict { PROBE_NOT_RUN, PROBE_LEFT_OUT, PROBE_PASSED, PROBE_FAILED };

struct probe_step_result {
    enum probe_verdict verdict;
    uint64_t began_us, took_us;
    const char *reason; /* of a failure: a word for programs, see reasons.h */
    int code;           /* of the server's refusal; 0: none */
    char message[384];  /* for people */
};

/* One that publishes. */
struct probe_publisher {
    char stream[PARTICIPANT_ID_SIZE];
    uint64_t connected_us; /* from the beginning of negotiating; 0: it is not */
    bool has_path;
    struct ice_path path;
    unsigned n_offers; /* the server's addresses */
    struct rtc_offer offers[RTC_OFFERS_MAX];
    uint64_t packets[RTC_KINDS], bytes[RTC_KINDS], dropped[RTC_KINDS];
    struct rtc_counters counters; /* what it was told of */
};

/* One that watches a stream. */
struct probe_subscription {
    char stream[PARTICIPANT_ID_SIZE];
    uint64_t connected_us, first_packet_us; /* from the beginning of negotiating; 0: never */
    bool has_path;
    struct ice_path path;
    struct meter meters[RTC_KINDS];
};

struct probe;

/* The configuration stays the caller's. */
int probe_new(struct loop *l, const struct probe_config *c, struct probe **ret_p);
struct probe *probe_free(struct probe *p); /* NULL is fine; returns NULL */

/* Runs the loop until it is over. 0: all went well; -ENOTCONN: a step failed; -EINTR: the loop was
 * told to end before anything was measured; else it could not even begin. */
int probe_run(struct probe *p);

const struct probe_config *probe_config(const struct probe *p);
const char *probe_step_name(enum probe_step step); /* "rest" */
const struct probe_step_result *probe_step(const struct probe *p, enum probe_step step);
const char *probe_session(const struct probe *p); /* its id; "" while there is none */
bool probe_server_offers(const struct probe *p);  /* is that how subscriptions are negotiated? */
const struct turn_check_result *probe_relay(const struct probe *p); /* NULL: none was asked for */
const char *probe_relay_url(const struct probe *p);
size_t probe_publishers(struct probe *p, const struct probe_publisher **ret);
size_t probe_subscriptions(struct probe *p, const struct probe_subscription **ret);
