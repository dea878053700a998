/* internal.h: what the files of ice_agent.h share. */
#pragma once

#include "ice_agent/context.h"
#include "ice_agent/ice_agent.h"

#include <nice/agent.h>

struct ice_hub {
    struct loop *loop;
    struct loop_set *set; /* of the agents' contexts */
    struct ice_quota *quota;
    struct list leaving;       /* agents that were freed, and not yet closed */
    struct loop_defer collect; /* frees those that are */
};

struct ice_agent {
    struct ice_hub *hub;
    struct list node; /* in hub->leaving */
    struct context context;
    NiceAgent *nice;
    guint stream;
    struct ice_agent_handlers handlers; /* all NULL once it was freed */
    void *arg;
    char ufrag[ICE_AGENT_UFRAG_MAX + 1], pwd[ICE_AGENT_PWD_MAX + 1];
    bool has_turn, has_turn_tcp;
    bool over_stream; /* the pair's datagrams go over a TCP socket, and may wait there */
    bool closed;      /* freed, and the TURN servers know */
    char remote_ufrag[ICE_AGENT_UFRAG_MAX + 1]; /* "": not known yet */
    struct sdp_candidate remote[ICE_AGENT_REMOTE_MAX];
    unsigned n_remote;
    NiceComponentState component; /* as libnice last said */
    bool has_pair;

    enum ice_agent_state state; /* as the handlers know it */
    struct {
        bool gathered, pair;
    } untold;
};

/* ---- addresses and candidates, theirs and ours ---- */

void nice_from_addr(const struct addr *from, NiceAddress *ret);
int nice_to_addr(const NiceAddress *from, struct addr *ret); /* -EAFNOSUPPORT */
int nice_to_candidate(const NiceCandidate *from, struct sdp_candidate *ret);
NiceCandidate *nice_from_candidate(const struct sdp_candidate *from, guint stream);

/* ---- the end of an agent ---- */

/* It was freed: it leaves its TURN servers, and goes with the hub's next look. */
void ice_hub_take_leave(struct ice_hub *h, struct ice_agent *a);
