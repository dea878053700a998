/* mailbox.h: messages to the thread of another loop.
 * A message owns its memory and is handed over whole; any thread may post, the loop's thread
 * receives in the order of posting. */
#pragma once

#include "base/list.h"
#include "loop/loop.h"

struct mailbox;

/* The first field of every message type. */
struct mail {
    struct list node;
};

/* Takes over the message. */
typedef void mail_fn(struct mail *m, void *arg);

/* Called on the receiving loop's thread, before any other thread may post. */
int mailbox_new(struct loop *l, mail_fn *fn, void *arg, struct mailbox **ret_box);

/* Undelivered messages are given to fn_drop (which frees them). No thread may post any more. May
 * be called inside fn. NULL is fine; returns NULL. */
struct mailbox *mailbox_free(struct mailbox *b, mail_fn *fn_drop);

void mailbox_post(struct mailbox *b, struct mail *m);
