/* supervisor.h: runs daemons as children of this process, in the foreground, where systemd is not
 * there to do it. Children get a small environment of their own (no secrets), a process group of
 * their own (so that Ctrl+C reaches us alone), and die with us. They report readiness by
 * sd_notify(3). One loop, one thread. */
#pragma once

#include "loop/loop.h"

#include <stdbool.h>

#define SUPERVISOR_CHILDREN_MAX 8

struct supervisor;

struct supervisor_handlers {
    void (*on_ready)(const char *name, void *arg);
    /* A child ended although nobody asked for it; how: "exit status 1", "signal 11
     * (Segmentation fault)". */
    void (*on_died)(const char *name, const char *how, void *arg);
    /* After supervisor_stop(): no child is left. The supervisor may be freed here. */
    void (*on_stopped)(void *arg);
};

/* The notification socket is made in dir. */
int supervisor_new(struct loop *l, const char *dir, const struct supervisor_handlers *handlers,
                   void *arg, struct supervisor **ret_s);

/* Kills what still runs. NULL is fine; returns NULL. */
struct supervisor *supervisor_free(struct supervisor *s);

/* name must stay valid; argv[0] is the program's path. */
int supervisor_start(struct supervisor *s, const char *name, char *const argv[]);

bool supervisor_all_ready(const struct supervisor *s);

/* SIGTERM to all but the first child, which the others may need: it gets its own when they have
 * ended. SIGKILL to all after grace_ms. on_stopped follows, never from inside this call. */
void supervisor_stop(struct supervisor *s, unsigned grace_ms);
