/* pipe.h: what workers say to each other without the control thread: from each to each other one a
 * pipe, a ring for what comes often and may be lost, and the mailbox for what must arrive. Both
 * together keep one order: a record is read after the mail that was posted before it was written,
 * and before the mail that was posted afterwards.
 *
 * The reader is woken once for what a turn of the writer's loop has written. Rings are made when
 * they are first needed. A full ring loses records, which is counted. */
#pragma once

#include "media/command.h"
#include "media/ring.h"
#include "media/slots.h"

#include "loop/loop.h"

/* 400 packets of pictures: 40 ms of 10,000 a second. */
#define PIPE_RING_SIZE ((size_t) 512 * 1024)

struct worker;

struct pipe {
    struct worker *from, *to;
    struct ring *ring;
    /* of the writer's thread */
    uint32_t n_mails; /* posted */
    bool written;     /* since the last flush */
    struct slots sinks;
    /* of the reader's thread */
    _Alignas(64) uint32_t n_handled; /* of the mails */
    struct slots mirrors;
};

struct pipe_record {
    uint32_t n_mails; /* the pipe's own */
    uint32_t slot;
    uint32_t type; /* these two are the writer's and the reader's matter */
    uint32_t reserved;
};

/* Called on the reader's thread. Records live until the handler returns. */
struct pipe_handlers {
    void (*on_record)(struct pipe *p, const struct pipe_record *r, struct bytes body);
    void (*on_mail)(struct pipe *p, struct message *m); /* m stays the caller's */
};

struct pipe_counters {
    uint64_t records_out, records_in, dropped;
};

/* ---- a worker's pipes ---- */

struct pipes;

/* w->node->n_workers must be known, and w->set and w->mailbox there. */
int pipes_new(struct worker *w, const struct pipe_handlers *handlers, struct pipes **ret_p);

/* All workers must have stopped. NULL is fine; returns NULL. */
struct pipes *pipes_free(struct pipes *p);

const struct pipe_counters *pipes_counters(const struct pipes *p);

/* What was written goes on its way: before the loop sleeps. */
void pipes_flush(struct pipes *p);

/* The worker's mailbox has something from another worker's pipe, MAIL_PIPE_...; takes it over. */
void pipes_on_mail(struct pipes *p, struct message *m);

/* ---- one pipe, on the writer's thread ---- */

/* Found or made; NULL without memory. */
struct pipe *pipe_to(struct worker *from, struct worker *to);

/* Puts a record. False: the ring is full, or body too long. */
bool pipe_write(struct pipe *p, uint32_t type, uint32_t slot, struct bytes body);

/* Takes over the mail. */
void pipe_post(struct pipe *p, struct message *m);
