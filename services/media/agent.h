/* agent.h: the full ICE agent of a transport (setting ice = "agent"), for a machine that has no
 * address which clients reach: it gathers through STUN and TURN, and checks on its own.
 *
 * It is made before its transport, whose description waits for its candidates; the packet path
 * meets it as a way (path.h). Lives on its worker. */
#pragma once

#include "media/ice_lite.h"
#include "media/negotiate.h"
#include "media/path.h"

#include "ice_agent/ice_agent.h"

struct worker;

struct agent {
    struct way way; /* way.transport: NULL while it gathers */
    struct worker *worker;
    struct ice_agent *ice;
    char ufrag[ICE_UFRAG_SIZE], pwd[ICE_PWD_SIZE];
    bool on_loopback; /* it has no other address to gather on */
    void (*on_gathered)(struct agent *a);
};

/* The worker's part; nothing when the setting is "lite". */
int agents_start(struct worker *w);
void agents_stop(struct worker *w);

/* Begins to gather; on_gathered is called later. -ENOSPC: the node has as many agents as
 * the configuration allows; -EMFILE; -EADDRNOTAVAIL: no address to gather on; -ENOMEM. */
int agent_new(struct worker *w, bool controlling, void (*on_gathered)(struct agent *a),
              struct agent **ret_a);

/* NULL is fine; returns NULL. */
struct agent *agent_free(struct agent *a);

/* What was gathered; returns how many. */
size_t agent_candidates(const struct agent *a, struct sdp_candidate *ret, size_t max);

/* The urls of the configured servers of a kind of which not one has given a candidate, a blank
 * between them; "": all kinds have. turn_alone: without the STUN server, which has none to give
 * where its answer is an address of this machine. */
void agent_silent_servers(const struct agent *a, bool turn_alone, char *ret, size_t size);

/* The peer's credentials and the candidates in its SDP: checks begin. */
void agent_set_remote(struct agent *a, const struct neg_peer *peer, struct bytes sdp);

/* A candidate that the peer told later, "candidate:..."; it counts as soon as the credentials are
 * there. What is none is ignored, and what would lead to this machine's own services, or to those
 * of its link (cloud machines have their secrets there): the peer chooses where checks are sent,
 * and what TCP connections are made. */
void agent_add_remote(struct agent *a, const char *text);

/* -ENOTCONN. */
int agent_pair(const struct agent *a, struct ice_agent_pair *ret);
