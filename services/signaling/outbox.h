/* outbox.h: events on their way out: to the CDR file and to the webhook, each exactly in their
 * order, each kept in the store until both have it.
 *
 * An event is put into the store in the same commit as the change that it tells of; only then is it
 * written and sent. Its place in the CDR file (name and offset) is fixed when it is added, so
 * writing it once more after a crash writes the same bytes to the same place. The webhook gets it
 * at least once, with an id that stays the same. */
#pragma once

#include "base/bytes.h"

#include <jansson.h>

struct config;
struct loop;
struct outbox;
struct store;

#define OUTBOX_HASH "events" /* its hash in the store */

/* config, store are borrowed. */
int outbox_new(struct loop *l, const struct config *config, struct store *store,
               struct outbox **ret_outbox);

/* Waits for a delivery that is under way, for a moment. What is left stays in the store. NULL is
 * fine; returns NULL. */
struct outbox *outbox_free(struct outbox *o);

/* Steals fields, the event's keys in their order. */
void outbox_add(struct outbox *o, const char *name, json_t *fields);

/* A field of OUTBOX_HASH, before anything is added. */
void outbox_restore(struct outbox *o, struct bytes field, struct bytes value);

/* Puts everything that waits into the store anew. */
void outbox_rewrite(struct outbox *o);

/* What was added is in the store now: off with it. */
void outbox_committed(struct outbox *o);

/* Settings may have changed (webhook, CDR). */
void outbox_reload(struct outbox *o);
