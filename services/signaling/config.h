/* config.h: settings of the signaling daemon, as its configuration file gives them. */
#pragma once

#include "conf/conf.h"

#include "signaling/public_url.h"

#define API_VERSION "2.29.0" /* of the REST API and RPC that we speak */
#define API_USER "OPENVIDUAPP"

struct config {
    /* read from the file */
    struct conf_strings listen; /* "tcp:IP:PORT", or "unix:/path" (reached by the proxy alone) */
    char *public_url_text;
    char *secret;
    char *media_control; /* socket of the media daemon */
    char *media_server;  /* "kurento": clients offer, or "mediasoup": the server does */
    char *forced_codec;
    bool allow_transcoding;
    bool deprecated_api;
    char *coturn_ip;
    int64_t coturn_port;
    char *turn_secret;
    char *turns_url; /* "turns:HOST:PORT?transport=tcp", told to clients as well; NULL: none */
    char *selfsigned_mark; /* while this file is there, the certificate being served is one that
                            * clients refuse: turns_url is not told; NULL: it always is */
    char *turn_api;        /* socket of our TURN server; NULL: none */
    struct conf_strings ice_servers; /* "url=...,username=...,credential=...", for every client */
    int64_t gc_interval_s;
    int64_t gc_threshold_s;
    int64_t media_lost_s; /* without a media daemon for so long, running sessions end */
    int64_t max_recv_kbps, min_recv_kbps, max_send_kbps, min_send_kbps;
    int64_t max_sessions, max_connections, max_participants, max_data_bytes, max_clients;
    int64_t max_waiting; /* clients that have not joined yet */
    int64_t max_http;
    int64_t max_per_address; /* connections and WebSockets of one client address */
    int64_t max_participants_per_address;
    int64_t max_queued_requests, max_messages_per_s; /* of a client */
    int64_t max_unread_kib, max_unread_total_mib;    /* waiting to be read: by one, by all */
    char *recordings_path;  /* served as /openvidu/recordings/...; "" none */
    bool recordings_public; /* without credentials */
    bool accel;             /* recordings are sent by nginx, which we tell the place
                             * (X-Accel-Redirect: /_visavis/recordings/...) */
    char *dashboard_path;   /* folder of the operator's pages; "" none */
    char *layouts_path;     /* served as /openvidu/layouts/...; "" none */
    char *store;            /* where state outlives us: store_address.h */
    char *store_prefix;     /* of its keys there */
    char *cdr_path;         /* folder of the call detail records; "": none are written */
    char *webhook_endpoint; /* http(s) URL that events are posted to; "" none */
    struct conf_strings webhook_headers; /* "Name: value" */
    struct conf_strings webhook_events;  /* names; items NULL: all of them */
    struct conf_strings metrics_listen;  /* "tcp:IP:PORT"; none: nowhere */
    char *log_level;

    /* derived */
    struct public_url public_url;
};

/* Tells each problem as one line. *ret must be zeroed; config_done() frees it in every case. */
int config_read(const char *path, struct config *ret, conf_problem_fn *fn, void *arg);

/* Reads again. The live values are in force then, and nobody may still hold strings from before;
 * tells fn_later the keys that changed and are not live. After an error nothing has changed. */
int config_reload(struct config *c, const char *path, conf_problem_fn *fn,
                  conf_problem_fn *fn_later, void *arg);
void config_done(struct config *c);

bool config_is_mediasoup(const struct config *c);
