/* supervisor.h: runs daemons as children of this process, in the foreground, where systemd is not
 * there to do it. Children get a small environment of their own (no secrets), a process group of
 * their own (so that Ctrl+C reaches us alone), and die with us. They report readiness by
 * sd_notify(3). One loop, one thread. */
#pragma once

#include "loop/loop.h"

#include <stdbool.h>
#include <sys/types.h>

#define SUPERVISOR_CHILDREN_MAX 8
#define SUPERVISOR_SOCKETS_MAX 4

struct supervisor;

struct supervisor_handlers {
    void (*on_ready)(const char *name, void *arg);
    /* A child ended although supervisor_stop() was not called; how: "exit status 1", "signal 11
     * (Segmentation fault)". It may be started again here. */
    void (*on_died)(const char *name, const char *how, void *arg);
    /* After supervisor_stop(): no child is left. The supervisor may be freed here. */
    void (*on_stopped)(void *arg);
};

/* What to run. All of it is borrowed until supervisor_start() returns, the name for good. */
struct supervisor_program {
    const char *name;
    char *const *argv; /* argv[0] is the program's path */
    const char *user;  /* whose rights it gets, with his groups; NULL: ours */
    bool is_silent;    /* does not report readiness: ready when it runs */
    /* WatchdogSec= of a unit: once it is ready it must be heard of so often, or is ended (SIGABRT,
     * and half as long after that SIGKILL). 0: it need not. */
    unsigned watchdog_ms;
    /* Listening sockets that it inherits as from a .socket unit (sd_listen_fds_with_names(3)). */
    const int *sockets;
    const char *socket_names; /* "signaling-proxy:signaling:signaling" */
    size_t n_sockets;
};

/* The notification socket is made in dir. */
int supervisor_new(struct loop *l, const char *dir, const struct supervisor_handlers *handlers,
                   void *arg, struct supervisor **ret_s);

/* Kills what still runs. NULL is fine; returns NULL. */
struct supervisor *supervisor_free(struct supervisor *s);

/* -EALREADY when one of this name runs; -ENOENT for an unknown user or program. */
int supervisor_start(struct supervisor *s, const struct supervisor_program *p);

/* 0: none of this name runs. */
pid_t supervisor_pid(const struct supervisor *s, const char *name);

bool supervisor_all_ready(const struct supervisor *s);

/* SIGTERM to all but the first child, which the others may need: it gets its own when they have
 * ended. SIGKILL to all after grace_ms. on_stopped follows, never from inside this call. */
void supervisor_stop(struct supervisor *s, unsigned grace_ms);
