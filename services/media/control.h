/* control.h: the control socket (media_api.h): who is connected, and what they ask for.
 *
 * Runs on the main thread. It knows which worker each room lives on and nothing else about rooms:
 * requests are posted to the workers, their outcome comes back by mailbox. */
#pragma once

#include "media/worker.h"

struct control;

/* Makes node->control. */
int control_new(struct loop *l, struct node *node, struct control **ret_c);

/* The workers (borrowed) must have been stopped, or never started. NULL is fine; returns NULL. */
struct control *control_free(struct control *c);

/* From now on peers may come: on the socket that the service manager made ("media"), or else on
 * that of the configuration. The socket's mode says who may. A failure is logged. */
int control_listen(struct control *c, struct worker **workers, unsigned n_workers);

/* A peer on this descriptor (owned from here on), as if it had been accepted. */
int control_add_peer(struct control *c, int fd);

/* "2 rooms, 10 transports" */
void control_status(const struct control *c, char *text, size_t size);

/* The addresses: to the workers, and to the peers if they changed. */
void control_set_candidates(struct control *c, const struct candidates *candidates);
