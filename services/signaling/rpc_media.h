/* rpc_media.h: a request that waits for the media daemon. */
#pragma once

#include "signaling/media.h"
#include "signaling/rpc.h"
#include "signaling/session.h"
#include "signaling/stats.h"
#include "signaling/stream.h"

/* Names what it is about; the things themselves may be gone when the answer comes. */
struct negotiation {
    struct rpc *rq;
    struct app *app;
    char room[UNIQUE_ID_SIZE];
    char connection[CONNECTION_ID_SIZE]; /* who asks */
    char stream[STREAM_ID_SIZE];
    enum stats_media method;
    uint64_t begun_us;
    struct stream *published; /* not attached yet; NULL in all other cases */
};

/* Sends the call, adding room and stream to params (stolen). fn gets a struct negotiation, and ends
 * with negotiation_free(). When the call cannot be made, rq is answered here. published: handed
 * over, may be NULL. */
void negotiate(struct rpc *rq, struct connection *c, const char *stream_id, const char *method,
               json_t *params, link_answer_fn *fn, struct stream *published);
void negotiation_free(struct negotiation *n);

/* Answers rq with what went wrong. */
void negotiation_error(struct negotiation *n, const struct link_answer *a);

/* The participant that asked, if it is still in the same session. */
struct connection *negotiation_participant(const struct negotiation *n);

/* Adds to params, as `key`, the bandwidth that the connection was given by `option`, or the
 * server's; 0 is no limit, and not told. */
void negotiation_limit(json_t *params, const char *key, const struct connection *c,
                       const char *option, int64_t fallback);

/* A stream of the session, or NULL after answering rq: 102, or 105. */
struct stream *rpc_stream(struct rpc *rq, const struct session *s, const char *stream_id);

/* Both answer rq. */
void subscribe_with_offer(struct rpc *rq, struct stream *st, const char *offer);
void subscribe_with_answer(struct rpc *rq, struct stream *st, const char *answer);

/* The transport of a published stream made anew, from the offer in rq; answers rq. */
void publish_again(struct rpc *rq, struct stream *st);

/* ---- rpc_trickle.c ---- */

/* The endpoint's request is under way: the media daemon is told what c sent for it up to now. */
void trickle_tell(struct app *app, const struct connection *c, const char *stream_id);

/* It is there: the same, and from now on what comes is kept with it. */
void trickle_settle(struct app *app, struct connection *c, const char *stream_id);

/* ---- rpc_filter.c ---- */

#define FILTERS_UNSUPPORTED "Filters are not supported by this server"

/* May c have this filter on its own stream? */
bool filter_is_allowed(const struct connection *c, const char *type);
