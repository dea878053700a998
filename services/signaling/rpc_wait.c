#include "signaling/rpc_wait.h"

#include "signaling/app.h"
#include "signaling/media.h"
#include "signaling/rpc.h"

static void on_timer(struct loop_timer *t)
{
    rpc_wait_over(container_of(t, struct app, waiting.timer));
}

void rpc_waiting_init(struct rpc_waiting *w)
{
    list_init(&w->requests);
}

bool rpc_wait(struct rpc *rq)
{
    struct app *app = rq->app;
    struct rpc_waiting *w = &app->waiting;
    uint64_t away_ms;

    if (app->stopping) { /* its client asks our next life again, or not at all */
        list_append(&w->requests, &rq->node);
        return true;
    }
    if (!app->media || media_is_ready(app->media))
        return false;
    away_ms = media_away_ms(app->media);
    if (away_ms >= RPC_WAIT_MS)
        return false;
    if (list_empty(&w->requests) &&
        loop_timer_start(&w->timer, app->loop, (RPC_WAIT_MS - away_ms) * 1000, on_timer) < 0)
        return false;
    list_append(&w->requests, &rq->node);
    return true;
}

void rpc_wait_over(struct app *app)
{
    struct list *requests = &app->waiting.requests;
    struct list batch; /* one that has to wait again does not come back at once */
    struct rpc *rq;

    loop_timer_stop(&app->waiting.timer);
    list_init(&batch);
    list_append(requests, &batch);
    list_del(requests);
    while ((rq = list_first(&batch, struct rpc, node))) {
        list_del(&rq->node);
        if (rq->client)
            rpc_run(rq);
        else
            rpc_free(rq);
    }
}

void rpc_waiting_done(struct rpc_waiting *w)
{
    struct rpc *rq;

    loop_timer_done(&w->timer);
    list_for_each (rq, &w->requests, node)
        rpc_free(rq);
}
