/* server.h: the daemon as a whole: its parts made, joined, and taken down. */
#pragma once

#include "signaling/app.h"

/* app->config is read already; the rest of *app is zero. Listens on all addresses, or fails. */
int server_start(struct app *app, struct loop *l);

/* app->config has been read again. */
void server_reloaded(struct app *app);

/* "2 sessions, 5 participants" */
void server_status(const struct app *app, char *text, size_t size);

/* With a store that outlives us sessions wait for our next life: clients are told that the service
 * restarts. Else all of them end. The loop ends a moment later with code 0. */
void server_stop(struct app *app);

void server_done(struct app *app);
