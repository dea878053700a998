/* renewal.h: `visavis cert renew` beside `visavis run`: a child that may take minutes, one at a
 * time, and again when it said that it is worth another look. One loop, one thread. */
#pragma once

#include "units/supervisor.h"

#define RENEWAL_NAME "cert" /* of the child */

struct renewal {
    struct loop *loop;
    struct supervisor *supervisor;
    struct loop_timer timer;
    bool running, again;
};

/* Nothing is looked at before renewal_in(). */
void renewal_init(struct renewal *r, struct loop *l, struct supervisor *s);

/* Looks after delay_us, in place of the moment that was planned. While one is under way: at once
 * when it has ended. */
void renewal_in(struct renewal *r, uint64_t delay_us);

/* The child ended; how as the supervisor says it. */
void renewal_ended(struct renewal *r, const char *how);

/* No more of them; one that runs is the supervisor's to end. */
void renewal_done(struct renewal *r);

/* How long to wait, from what the child left behind: the text of its file, NULL when there is none.
 * Pure. */
uint64_t renewal_wait_us(const char *text, int64_t now_s, bool failed);
