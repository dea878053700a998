/* measure.h: what child processes cost for each packet that they pass on, measured turn about in
 * short windows, so that whatever else the machine has to do meets them all. */
#pragma once

#include "loop/loop.h"
#include "tests/lib/child.h"

#define MEASURE_MAX 12 /* contenders */

struct measure_contender {
    const struct child *child;
    void (*start)(void *arg); /* of its load, which runs on the loop */
    void (*stop)(void *arg);
    uint64_t (*arrived)(void *arg); /* packets, so far */
    uint64_t (*due)(void *arg);     /* that would have, had none been lost */
    void *arg;
};

/* Medians over the rounds. */
struct measure_figure {
    double packets_per_s, us_per_packet, lost_percent;
    double ratio;        /* what the first contender costs, as a multiple of this one */
    double load_percent; /* of a processor, what this process took for the load */
};

/* Each gets a window of each round. */
int measure_in_turns(struct loop *l, const struct measure_contender *c, size_t n,
                     uint64_t window_us, struct measure_figure *ret);

/* Before children are made: this process and they go before what else the machine has to do, as far
 * as that is allowed. */
void measure_go_first(void);

/* Before many sockets: this process and its children may open as many files as is allowed. */
void measure_open_many(void);

/* Runs the loop for a while, or until loop_quit(). */
int measure_pause(struct loop *l, uint64_t us);

/* Ends the program when r is a negative errno. */
void measure_check(int r, const char *what);

/* Sorts v. */
double measure_median(double *v, size_t n);

/* A line for people: a figure beside the most it may be, and whether it is. */
void measure_bar(const char *what, double figure, double bar);

/* A bench's exit status: whether it was in all of these. */
int measure_status(void);

/* Another one: what it needs is not to be had here. */
#define MEASURE_NOT_HERE 77
