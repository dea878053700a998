/* ice.h: how a peer reaches the other end: datagrams over the pair of addresses that connectivity
 * checks have found (RFC 8445). One interface, two ways: the checker of ice_check.h, which costs
 * next to nothing and is enough towards a lite server that can be reached, and the whole agent of
 * ice_full.h.
 *
 * new -> gather -> on_gathered -> connect -> on_state(ICE_READY) -> send. One thread. */
#pragma once

#include "codec/sdp_candidate.h"

#define ICE_CANDIDATES_MAX 32
#define ICE_CREDENTIAL_SIZE 257 /* RFC 8839 section 5.4: at most 256 characters */

/* One end's credentials and candidates. */
struct ice_description {
    char ufrag[ICE_CREDENTIAL_SIZE], pwd[ICE_CREDENTIAL_SIZE];
    unsigned n_candidates;
    struct sdp_candidate candidates[ICE_CANDIDATES_MAX];
};

enum ice_state {
    ICE_NEW,
    ICE_CHECKING,
    ICE_READY, /* a pair is there; consent is asked for again and again */
    ICE_FAILED,
};

/* The pair in use. */
struct ice_path {
    enum sdp_candidate_type local_type, remote_type;
    enum sdp_protocol protocol; /* of a relay: between the relay and the other end */
    struct addr local, remote;
};

struct ice;

/* on_data's bytes are the caller's to change; none may free the ice. */
struct ice_handlers {
    void (*on_gathered)(void *arg);
    void (*on_state)(enum ice_state state, const char *error, void *arg); /* error: of ICE_FAILED */
    void (*on_data)(uint8_t *data, size_t len, void *arg);                /* anything but STUN */
};

struct ice_ops {
    void (*free)(struct ice *i);
    int (*gather)(struct ice *i);
    void (*describe)(const struct ice *i, struct ice_description *ret);
    int (*connect)(struct ice *i, const struct ice_description *remote);
    int (*send)(struct ice *i, struct bytes datagram);
    bool (*path)(const struct ice *i, struct ice_path *ret);
};

/* The first field of each implementation. */
struct ice {
    const struct ice_ops *ops;
    const struct ice_handlers *handlers; /* stays the caller's */
    void *arg;
};

/* NULL is fine; returns NULL. */
static inline struct ice *ice_free(struct ice *i)
{
    if (i)
        i->ops->free(i);
    return NULL;
}

/* on_gathered may be called within the call. */
static inline int ice_gather(struct ice *i)
{
    return i->ops->gather(i);
}

/* Credentials at any time, candidates as far as they are gathered. */
static inline void ice_describe(const struct ice *i, struct ice_description *ret)
{
    i->ops->describe(i, ret);
}

/* Starts the checks. -ENOENT: no candidate that this way can reach. */
static inline int ice_connect(struct ice *i, const struct ice_description *remote)
{
    return i->ops->connect(i, remote);
}

/* -ENOTCONN before ICE_READY; what the socket cannot take is lost: a negative errno. */
static inline int ice_send(struct ice *i, struct bytes datagram)
{
    return i->ops->send(i, datagram);
}

/* false while there is none. */
static inline bool ice_path(const struct ice *i, struct ice_path *ret)
{
    return i->ops->path(i, ret);
}
