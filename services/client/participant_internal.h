/* participant_internal.h: what participant.c and participant_stream.c share. */
#pragma once

#include "client/participant.h"
#include "client/recovery.h"

struct participant {
    struct loop *loop;
    const struct participant_handlers *handlers;
    void *arg;
    struct rpc_client *rpc;
    char *token;
    char session[PARTICIPANT_ID_SIZE], connection[PARTICIPANT_ID_SIZE];
    bool server_offers;
    bool joined, leaving, ended;
    struct participant_ice_server ice[PARTICIPANT_ICE_MAX];
    unsigned n_ice;
    struct list streams;
};

struct participant_stream {
    struct participant *participant;
    struct list node;
    struct participant_stream_config config;
    struct rtc_peer *peer;
    bool publishes;
    char id[PARTICIPANT_ID_SIZE];
    enum participant_stream_state state, failed_in;
    struct participant_error error;
    char message[256];
    unsigned n_calls;            /* unanswered */
    bool freed;                  /* goes with the last answer */
    struct loop_defer give_back; /* of the peer, outside of its handlers */

    /* of video that is watched */
    struct recovery recovery;
    struct loop_timer ask_again;
};

/* The participant is going: answers do not come any more. */
void participant_stream_drop(struct participant_stream *m);
