/* trim.h: gives memory back to the system some time after transports were connected: a handshake
 * takes four times what its transport keeps, and is freed between things that stay, from where the
 * C library returns nothing by itself. On the control thread: packets are forwarded meanwhile. */
#pragma once

#include "loop/loop.h"

/* A zeroed one is idle. */
struct trim {
    struct loop_timer timer;
    bool again; /* something was connected after the timer was started */
};

/* A transport has connected: once its handshake is surely freed, memory is given back. */
void trim_later(struct trim *t, struct loop *l);
void trim_done(struct trim *t);
