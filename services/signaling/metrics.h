/* metrics.h: the daemon in numbers, and whether it is well, for those who watch this machine: a web
 * server of its own, on loopback, without credentials (docs: README). Nothing in it names sessions
 * or people.
 *   /metrics  Prometheus' text format: the media daemon's figures too, while it is there
 *   /live     200 as long as the daemon does its work
 *   /ready    200 when newcomers can be served, else 503: for a load balancer
 *   /health   the same with reasons, as JSON; 503 only when what is missing has been missing for so
 *             long that calls end of it: for a watch that wakes people */
#pragma once

#include "base/buf.h"

#include <jansson.h>

struct app;
struct metrics;

#define METRICS_SIZE (256u * 1024) /* all tables full; a test holds it to that */

/* Pure. stats: what the media daemon answered to "stats" (link/media_api.h). */
void metrics_render(struct wr *w, const struct app *app);
void metrics_render_media(struct wr *w, const json_t *stats);

/* Listens as the configuration says, which may be nowhere. An address that cannot be had is logged,
 * and done without. */
int metrics_new(struct app *app, struct metrics **ret_metrics);

/* The media daemon's link (app->media) must be gone: with it end the requests that wait for it.
 * NULL is fine; returns NULL. */
struct metrics *metrics_free(struct metrics *m);
