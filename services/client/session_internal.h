/* session_internal.h: what session.c and session_stream.c share. */
#pragma once

#include "client/session.h"

struct session {
    struct loop *loop;
    const struct session_handlers *handlers;
    void *arg;
    struct rpc_client *rpc;
    char *token;
    char id[SESSION_ID_SIZE], connection[SESSION_ID_SIZE];
    bool server_offers;
    bool joined, leaving, ended;
    struct session_ice_server ice[SESSION_ICE_MAX];
    unsigned n_ice;
    struct list streams;
};

struct session_stream {
    struct session *session;
    struct list node;
    struct session_stream_config config;
    struct rtc_peer *peer;
    bool publishes;
    char id[SESSION_ID_SIZE];
    enum session_stream_state state, failed_in;
    struct session_error error;
    char message[256];
    unsigned n_calls;            /* unanswered */
    bool freed;                  /* goes with the last answer */
    struct loop_defer give_back; /* of the peer, outside of its handlers */
};

/* The session is going: answers do not come any more. */
void session_stream_drop(struct session_stream *m);
