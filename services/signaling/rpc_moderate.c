/* What moderators may do to others. */
#include "signaling/rpc_media.h"

#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/events.h"
#include "signaling/lifecycle.h"
#include "signaling/reasons.h"

void rpc_force_disconnect(struct rpc *rq)
{
    struct session *s = rq->client->participant->session;
    const char *id = rpc_string(rq, "connectionId");
    struct connection *target;

    if (!id)
        return;
    target = session_participant(s, id);
    if (!target || target->kind != CONNECTION_WEBRTC) {
        rpc_error(rq, RPC_USER_NOT_FOUND, "User '%.120s' not found in session '%s'", id, s->id);
        return;
    }
    lifecycle_evict_by(rq->app, target, REASON_FORCE_DISCONNECT_BY_USER, rq);
}

void rpc_force_unpublish(struct rpc *rq)
{
    struct session *s = rq->client->participant->session;
    struct app *app = rq->app;
    const char *id = rpc_string(rq, "streamId");
    struct stream *st = id ? rpc_stream(rq, s, id) : NULL;

    if (!st)
        return;
    rpc_reply(rq, NULL);
    lifecycle_unpublish(app, st, true, REASON_FORCE_UNPUBLISH_BY_USER);
}
