#include "media/trim.h"

#include <malloc.h>

#define TRIM_US 12000000 /* handshakes are freed 10 s after their last record */

static void on_timer(struct loop_timer *timer)
{
    struct trim *t = container_of(timer, struct trim, timer);

    (void) malloc_trim(0);
    if (!t->again)
        return;
    t->again = false;
    (void) loop_timer_start(timer, timer->loop, TRIM_US, on_timer);
}

void trim_later(struct trim *t, struct loop *l)
{
    if (loop_timer_is_armed(&t->timer))
        t->again = true;
    else
        (void) loop_timer_start(&t->timer, l, TRIM_US, on_timer); /* else it stays as it is */
}

void trim_done(struct trim *t)
{
    loop_timer_done(&t->timer);
}
