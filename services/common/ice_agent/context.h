/* context.h: one GMainContext in our loop.
 *
 * Its descriptors lie in an epoll set of its own, which is one descriptor of the hub's loop_set: so
 * what wakes up costs by itself, however many contexts there are, and a number that GLib closes and
 * is given again belongs to nobody else's set. */
#pragma once

#include "loop/loop.h"

#include <glib.h>

struct context;
typedef void context_fn(struct context *c);

struct context {
    GMainContext *glib;
    struct loop *loop;
    context_fn *after; /* sources were dispatched: outside of GLib again */
    int epoll_fd;
    struct loop_fd ready;
    struct loop_timer timer;
    uint64_t timer_due_us; /* while it is armed */
    struct loop_defer again;
    gint priority;  /* of the sources that are waited for, as GLib says */
    GPollFD *fds;   /* what is waited for, in the order of GLib */
    GPollFD *asked; /* the same, as it was told to epoll */
    int n_fds, n_asked, cap;
    bool fresh; /* fds and priority are of now */
};

/* In place; it must not move. Not yet watched: context_leave() does that. */
int context_init(struct context *c, struct loop *l, struct loop_set *set, context_fn *after);

/* What GLib's objects need to have been given up. May be called on zeroed memory, and twice. */
void context_done(struct context *c);

/* Around every call that has to do with the context or its objects; may be nested. */
void context_enter(struct context *c);
void context_leave(struct context *c);

/* Dispatches what is ready now, without the loop, and says whether there was anything. */
bool context_run_once(struct context *c);
