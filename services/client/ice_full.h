/* ice_full.h: libnice's agent (ice_agent.h) as a peer's way to the other end, restricted to one
 * path where that is asked for. */
#pragma once

#include "client/ice.h"
#include "ice_agent/ice_agent.h"

enum client_path {
    CLIENT_PATH_ANY,
    CLIENT_PATH_UDP,
    CLIENT_PATH_TCP, /* ICE-TCP (RFC 6544), we connect */
    CLIENT_PATH_TURN_UDP,
    CLIENT_PATH_TURN_TCP,
    CLIENT_PATH_TURN_TLS,
    N_CLIENT_PATHS
};

/* "any", "udp", "tcp", "turn-udp", "turn-tcp", "turn-tls" */
extern const char *const client_path_names[N_CLIENT_PATHS];

/* Stays the caller's while there are agents of it. */
struct ice_full_config {
    struct ice_hub *hub;
    struct loop *loop;
    enum client_path path;
    struct ice_turn turns[ICE_AGENT_TURN_MAX]; /* those of the path */
    size_t n_turns;
    struct addr only; /* of the other end's candidates those with this IP alone; family 0: all */
};

/* config: a struct ice_full_config; an rtc_new_ice_fn. */
int ice_full_new(void *config, const struct ice_handlers *handlers, void *arg, struct ice **ret_i);
