/* server.h: the workers, each on a thread of its own. Called from the main thread. */
#pragma once

#include "loop/mailbox.h"
#include "loop/pulse.h"
#include "turn/config.h"
#include "turn/peers.h"
#include "turn/quota.h"
#include "turn/stats.h"
#include "turn/userhash.h"

struct server;

/* How many descriptors clients may take. */
size_t server_descriptors(const struct turn_config *config);

/* Opens everything, then starts the threads, which pulse watches (NULL: nobody does). config and
 * pulse must outlive it. Failures are logged. */
int server_new(const struct turn_config *config, struct pulse *pulse, struct server **ret_server);

/* The live values of the configuration may have changed: each thread gets a copy. -ENOMEM: they
 * stay as they were. The certificate is read anew in any case. */
int server_reloaded(struct server *s, const struct turn_config *config);

/* A connection of the web port, taken over: one of the threads serves it. */
void server_add_web(struct server *s, int fd);

/* A sweep that was asked for. */
struct server_sweep {
    struct mail mail;
    struct mailbox *box;
    unsigned waiting; /* ours */
};

/* Each thread ends allocations whose user's credentials were revoked and accounts what was relayed;
 * then the sweep, which is the caller's again, is posted to its box. What cannot be swept now for
 * want of memory is by the next sweep of its thread, in seconds. */
void server_sweep(struct server *s, struct server_sweep *sweep);

/* The users; as long as the server. */
struct quota *server_quota(struct server *s);

/* The user names that are found by USERHASH; NULL when that is off. As long as the server. */
struct userhash_table *server_usernames(struct server *s);

/* What all threads have counted, together. */
void server_stats(const struct server *s, struct stats *ret);

/* "12 allocations, 3 refused" */
void server_status(struct server *s, char *text, size_t size);

/* Ends and joins the threads; sweeps have been posted then. NULL is fine; returns NULL. */
struct server *server_free(struct server *s);

/* The policy of all threads, soon. -ENOMEM: some keep the one that they have. */
int server_set_peers(struct server *s, struct peers *peers);
