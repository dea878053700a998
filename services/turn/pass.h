/* pass.h: clients of the web site who came to us: what they and the site have to say passes through
 * us, until both have ended or one is gone.
 *
 * Neither side is read while the other does not take what was read before, so what is kept is
 * bounded. The site is told who the client is by a PROXY protocol header. When it is not there, or
 * there are too many clients, we answer in its place. */
#pragma once

#include "turn/turn.h"
#include "turn/wire.h"

#define PASS_MAX 1024         /* of one thread */
#define PASS_PER_HOST 256     /* of one address, /64 */
#define PASS_STALLED_MS 60000 /* while one side takes nothing of what waits for it */
#define PASS_LINGER_MS 5000   /* after the site has ended, for what the client may still send */

struct passes;

/* path: the site's Unix socket. turn, l and path must outlive it. -ENOMEM. */
int passes_new(struct turn *turn, struct loop *l, const char *path, struct passes **ret_passes);

/* Ends them all. NULL is fine; returns NULL. */
struct passes *passes_free(struct passes *ps);

/* Takes over the client's wire, of which begin was read, and perhaps the end. */
void passes_add(struct passes *ps, struct wire wire, const struct addr *client,
                const struct addr *local, struct bytes begin, bool ended);

/* Ends those that have taken too long; a timer does it, too. */
void passes_sweep(struct passes *ps);

size_t passes_count(const struct passes *ps);
