/* shapes.h: state as the JSON objects of REST and RPC, with exactly their keys. New references. */
#pragma once

#include "signaling/connection.h"
#include "signaling/session.h"
#include "signaling/stream.h"

struct shape_options {
    bool pending;      /* list pending connections as well */
    bool webrtc_stats; /* the endpoints' extra keys … */
    json_t *endpoints; /* … from here (endpoints.h); null where it has nothing. Borrowed */
};

/* ---- REST ---- */
json_t *shape_session(const struct session *s, const struct shape_options *o);
json_t *shape_connection(const struct connection *c, const struct shape_options *o);
json_t *shape_connections(const struct session *s, const struct shape_options *o);
json_t *shape_token(const struct connection *c);

/* Adds what webRtcStats=true adds to a publisher or subscriber. */
void shape_add_stats(json_t *to, const struct shape_options *o, const char *room,
                     const char *endpoint, const struct blob *trickled);

/* {"numberOfElements": n, "content": list}; steals list. */
json_t *shape_list(json_t *list);

/* ---- RPC ---- */

/* {id, createdAt, metadata} of a participant. */
json_t *shape_participant(const struct connection *c);

/* A stream as other participants are told of it. */
json_t *shape_stream(const struct stream *st);

/* Client data, server data, or both with "%/%" between. */
json_t *shape_metadata(const struct connection *c);
