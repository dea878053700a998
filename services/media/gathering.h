/* gathering.h: requests whose transport has a full agent (agent.h), while that gathers candidates:
 * they are run when it has, or after gathering_ms (config.h) with those that are there, and
 * answered then.
 *
 * Requests that come meanwhile go on. What takes back a waiting one (an "unpublish", the same
 * "publish" again) ends it with an error. Lives on its worker. */
#pragma once

#include "media/worker.h"

/* True: m waits for an agent; it is the gathering's until it was run and posted. */
bool gathering_begin(struct worker *w, struct message *m);

/* m is about to run: what it takes back does not wait any longer. */
void gathering_overtake(struct worker *w, const struct message *m);

/* A candidate (m->sdp) for a transport that is not there yet. False: none is waited for. */
bool gathering_add_remote(struct worker *w, const struct message *m);

/* The worker ends. */
void gathering_drop_all(struct worker *w);
