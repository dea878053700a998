/* server.h: the workers, each on a thread of its own. Called from the main thread. */
#pragma once

#include "loop/pulse.h"
#include "turn/config.h"
#include "turn/peers.h"

struct server;

/* Opens everything, then starts the threads, which pulse watches (NULL: nobody does). config and
 * pulse must outlive it. Failures are logged. */
int server_new(const struct turn_config *config, struct pulse *pulse, struct server **ret_server);

/* The live values of the configuration may have changed: each thread gets a copy. -ENOMEM: they
 * stay as they were. The certificate is read anew in any case. */
int server_reloaded(struct server *s, const struct turn_config *config);

/* "12 allocations" */
void server_status(struct server *s, char *text, size_t size);

/* Ends and joins the threads. NULL is fine; returns NULL. */
struct server *server_free(struct server *s);

/* Each thread gets a copy. -ENOMEM: some keep the list that they have. */
int server_set_peers(struct server *s, const struct peers *peers);
