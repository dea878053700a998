/* ice_agent.h: full ICE (RFC 8445, over TCP: RFC 6544, consent: RFC 7675) for one transport, which
 * gathers through STUN and TURN servers. The only module that meets libnice and GLib.
 *
 * Agents of a thread share a hub. The steps: _new(), _gather(), on_gathered, _candidates() into our
 * description; _set_remote() and _add_remote() from the peer's, before or after gathering; then
 * states, datagrams, _send().
 *
 * Hub and agents live on one thread. Handlers are called by its loop alone, never inside a call of
 * this module, and may do anything, also free the agent. */
#pragma once

#include "codec/sdp_candidate.h"
#include "loop/loop.h"

#include <stdatomic.h>

#define ICE_AGENT_UFRAG_MAX 256 /* RFC 8839 section 5.4 */
#define ICE_AGENT_PWD_MAX 256
#define ICE_AGENT_LOCAL_MAX 32  /* candidates that are told; further ones are left out */
#define ICE_AGENT_REMOTE_MAX 32 /* candidates that are taken; browsers have some ten */
#define ICE_AGENT_TURN_MAX 4
#define ICE_AGENT_SEND_MAX 64 /* datagrams of one call */

struct ice_hub;
struct ice_agent;

/* How many agents there may be and are; those count that still take their leave of a TURN server.
 * Hubs of several threads may share one. */
struct ice_quota {
    unsigned max;
    atomic_uint n;
};

/* q outlives it. */
int ice_hub_new(struct loop *l, struct ice_quota *q, struct ice_hub **ret_h);

/* Its agents must have been freed. May take a second when TURN servers do not answer. NULL is fine;
 * returns NULL. */
struct ice_hub *ice_hub_free(struct ice_hub *h);

enum ice_ways {
    ICE_WAYS_ALL,
    ICE_WAYS_UDP,   /* no ICE-TCP */
    ICE_WAYS_TCP,   /* ICE-TCP alone; no relays, whose media is UDP on the far side */
    ICE_WAYS_RELAY, /* relayed candidates alone */
};

struct ice_turn {
    struct addr addr;
    bool tcp; /* how it is reached */
    const char *user, *password;
};

enum ice_agent_state {
    ICE_AGENT_NEW, /* also while it gathers */
    ICE_AGENT_CHECKING,
    ICE_AGENT_CONNECTED, /* there is a pair to send on */
    ICE_AGENT_FAILED,    /* no pair is left to try, or the peer's consent ended */
};

/* Each may be NULL. */
struct ice_agent_handlers {
    /* Once, after ice_agent_gather(). */
    void (*on_gathered)(struct ice_agent *a, void *arg);
    void (*on_state)(struct ice_agent *a, enum ice_agent_state state, void *arg);
    /* The pair that is sent on is another one. Comes before on_state of ICE_AGENT_CONNECTED. */
    void (*on_pair)(struct ice_agent *a, void *arg);
    /* From an address that is a candidate of the peer. p may be changed, cap bytes are there. */
    void (*on_datagram)(struct ice_agent *a, uint8_t *p, size_t len, size_t cap, void *arg);
};

/* Needed for the call alone, but for handlers and arg. */
struct ice_agent_config {
    bool controlling;
    enum ice_ways ways;
    const struct addr *locals;   /* where host candidates are; the port does not count */
    size_t n_locals;             /* 0: every interface but the loopback */
    uint16_t min_port, max_port; /* of host candidates; 0: the kernel chooses */
    struct addr stun;            /* family 0: none */
    const struct ice_turn *turns;
    size_t n_turns;          /* more than ICE_AGENT_TURN_MAX are left out */
    const char *ufrag, *pwd; /* ours; NULL: drawn */
    const struct ice_agent_handlers *handlers;
    void *arg;
};

/* -ENOSPC: there are as many as may be; -EINVAL, -ENOMEM, -EMFILE. */
int ice_agent_new(struct ice_hub *h, const struct ice_agent_config *c, struct ice_agent **ret_a);

/* Its TURN allocations are given back meanwhile, so it counts for a moment more. NULL is fine;
 * returns NULL. */
struct ice_agent *ice_agent_free(struct ice_agent *a);

const char *ice_agent_ufrag(const struct ice_agent *a);
const char *ice_agent_pwd(const struct ice_agent *a);

/* -EADDRNOTAVAIL: no socket could be opened. Takes as long as the slowest server; the caller sets a
 * deadline, and goes on then with what is there. */
int ice_agent_gather(struct ice_agent *a);

/* What was found up to now; returns how many. */
size_t ice_agent_candidates(const struct ice_agent *a, struct sdp_candidate *ret, size_t max);

/* -EINVAL when they are empty or too long. */
int ice_agent_set_remote(struct ice_agent *a, const char *ufrag, const char *pwd);

/* Before ice_agent_set_remote() too. What it has no use for is left out: another component or
 * ufrag, an address that leads nowhere, what it knows already. -ENOSPC: it was told
 * ICE_AGENT_REMOTE_MAX already. */
int ice_agent_add_remote(struct ice_agent *a, const struct sdp_candidate *c);

/* No more will come: from now on it may fail when all checks have. */
void ice_agent_end_of_remote(struct ice_agent *a);

enum ice_agent_state ice_agent_state(const struct ice_agent *a);

/* -ENOTCONN: none is selected. */
struct ice_agent_pair {
    struct sdp_candidate local, remote;
};
int ice_agent_pair(const struct ice_agent *a, struct ice_agent_pair *ret);

/* Over the selected pair. How many of n (up to ICE_AGENT_SEND_MAX) were taken; -ENOTCONN: no pair
 * is selected; -EAGAIN: none fits in the socket's buffer now; -EACCES: the peer's consent ended. */
int ice_agent_send(struct ice_agent *a, const struct bytes *datagrams, size_t n);
