/* rpc_wait.h: requests that came while the media daemon's link is not up, but soon will be: right
 * after our start, or when that daemon is restarted. Clients give up what they are refused, so they
 * are kept waiting for a moment instead. Those that come when we are about to end wait for that. */
#pragma once

#include "base/list.h"
#include "loop/loop.h"

struct app;
struct rpc;

/* From the loss of the link: a daemon that restarts is there again within a second or two. */
#define RPC_WAIT_MS 3000

struct rpc_waiting {
    struct list requests;
    struct loop_timer timer;
};

void rpc_waiting_init(struct rpc_waiting *w);

/* True: rq waits, and rpc_run() gets it later. */
bool rpc_wait(struct rpc *rq);

/* The link is up: runs those that wait. */
void rpc_wait_over(struct app *app);

/* Frees those that wait. */
void rpc_waiting_done(struct rpc_waiting *w);
