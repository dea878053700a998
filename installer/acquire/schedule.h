/* schedule.h: lets the certificate be looked after again in time, which may be sooner than the
 * daily timer: by a timer of systemd's that comes once, or `visavis run`, which reads a file. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The unit of that timer, without its ".timer". */
#define SCHEDULE_UNIT "visavis-cert-next"

/* Notes next_s in the file (CERTIFICATE_NEXT), and has the timer come then if the daily one comes
 * later. What cannot be done is told (may be NULL); the daily timer comes all the same. */
void schedule_next(int64_t next_s, void (*tell)(bool is_problem, const char *text, void *arg),
                   void *arg);

/* What the file says; 0: nothing. */
int64_t schedule_read(void);

/* ---- the parts; pure ---- */

struct schedule_plan {
    bool timer;         /* one of our own is needed */
    uint64_t after_us;  /* from now; or, if not 0, */
    uint64_t at_s;      /* at that time */
    uint64_t jitter_us; /* more, evenly drawn */
};

/* daily_s: when the daily timer comes next; 0: it does not, as the server is stopped. */
void schedule_plan(int64_t next_s, int64_t now_s, int64_t daily_s, struct schedule_plan *ret);
