/* progress.h: how far long work is: a bar on a terminal, a line for each step elsewhere. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct progress {
    FILE *to; /* NULL: silent */
    bool bar;
    unsigned n_steps;
};

/* to NULL: nothing is shown. */
void progress_init(struct progress *p, FILE *to, unsigned n_steps);

/* So many steps are done; the text says what happened. */
void progress_step(struct progress *p, unsigned n_done, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Takes the bar off the screen; call it before anything else is written there. */
void progress_clear(struct progress *p);
