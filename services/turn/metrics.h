/* metrics.h: the server in numbers, as a file for the textfile collector of node_exporter
 * (Prometheus' text format). On the main thread. */
#pragma once

#include "base/buf.h"
#include "loop/loop.h"
#include "turn/server.h"

#define METRICS_INTERVAL_S 15
#define METRICS_SIZE 16384 /* more than all of it takes */

struct metrics;

/* Writes the file now and each METRICS_INTERVAL_S. server and path must outlive it. */
int metrics_new(struct loop *l, const char *path, struct server *server,
                struct metrics **ret_metrics);

/* Writes it a last time, as of a server that serves nobody. NULL is fine; returns NULL. */
struct metrics *metrics_free(struct metrics *m);

/* n_revoked: credentials that are dead before their time. Pure. */
void metrics_render(struct wr *w, const struct stats *s, size_t n_revoked);
