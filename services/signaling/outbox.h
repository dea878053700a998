/* outbox.h: events on their way out: to the CDR file and to the webhook, each exactly in their
 * order, each kept in the store until both have it.
 *
 * An event is put into the store in the same commit as the change that it tells of; only then is it
 * written and sent, when the events at hand are done. Its place in the CDR file (name and offset)
 * is fixed when it is added, so writing it once more after a crash writes the same bytes to the
 * same place. The webhook gets it at least once, with an id that stays the same and counts up.
 *
 * Commits by itself, from the loop, what nobody else has committed. */
#pragma once

#include "base/bytes.h"

#include <jansson.h>

struct config;
struct loop;
struct outbox;
struct store;

#define OUTBOX_HASH "events" /* its hash in the store */

/* Lines that wait because the disk is full or the folder missing: beyond this new ones are lost,
 * lest the memory is, and the store's. Some sixty thousand of them. */
#define OUTBOX_CDR_BYTES_MAX (32u << 20)

struct outbox_counts {
    uint64_t cdr_written, cdr_lost;
    uint64_t cdr_waiting;
    uint64_t webhook_sent, webhook_refused, webhook_given_up; /* webhook.h */
    uint64_t webhook_waiting;
};

/* config, store are borrowed. */
int outbox_new(struct loop *l, const struct config *config, struct store *store,
               struct outbox **ret_outbox);

/* Writes the CDR lines that are left. A webhook request under way is cut: see outbox_stop(). What
 * is left stays in the store. NULL is fine; returns NULL. */
struct outbox *outbox_free(struct outbox *o);

/* Does anybody want events of that name? */
bool outbox_wants(const struct outbox *o, const char *name);

/* Steals fields, the event's keys in their order; NULL will do when nobody wants it. o may be NULL:
 * nobody does. */
void outbox_add(struct outbox *o, const char *name, json_t *fields);

/* A field of OUTBOX_HASH, in any order, before anything is added. */
void outbox_restore(struct outbox *o, struct bytes field, struct bytes value);

/* Puts everything that waits into the store anew. */
void outbox_rewrite(struct outbox *o);

/* What was added is in the store now: off with it. Cheap when there is nothing. */
void outbox_committed(struct outbox *o);

/* Settings may have changed (webhook, CDR). */
void outbox_reload(struct outbox *o);

/* The daemon is about to end: nothing new is sent to the webhook. all: except what waits, as the
 * store ends with us; up to the first that finds nobody. */
void outbox_stop(struct outbox *o, bool all);

/* Is something being sent to the webhook? Let it end before outbox_free(), if it takes not too
 * long: who restarts a daemon gets it twice otherwise. */
bool outbox_is_busy(const struct outbox *o);

void outbox_count(const struct outbox *o, struct outbox_counts *ret);
