/* loop.h: one event loop per thread, over sd-event, the only module that meets it.
 *
 * Watches and timers are fields of the object they serve: they are initialised in place, die with
 * it, and never move in memory while they are active. Handlers run on the loop's thread and may
 * stop or restart any watch, their own included, and free the object that holds it. */
#pragma once

#include "base/list.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;

int loop_new(struct loop **ret_loop);

/* All watches must have been stopped. NULL is fine; returns NULL. */
struct loop *loop_free(struct loop *l);

/* Runs until loop_quit(); returns the code given there, or a negative errno. May be run again. A
 * loop_quit() before it makes it return at once. */
int loop_run(struct loop *l);
void loop_quit(struct loop *l, int code);

/* ---- file descriptors ---- */

struct loop_io;
typedef void loop_io_fn(struct loop_io *io, uint32_t revents); /* EPOLLIN, EPOLLOUT, ... */

struct loop_io {
    struct loop *loop;
    void *source;
    loop_io_fn *fn;
    int fd;
    uint32_t events;
};

/* The descriptor stays the caller's. *io need not be initialised. Level-triggered. */
int loop_io_start(struct loop_io *io, struct loop *l, int fd, uint32_t events, loop_io_fn *fn);
int loop_io_set_events(struct loop_io *io, uint32_t events);

/* May be called on a zeroed or stopped watch. Call it before closing the descriptor. */
void loop_io_stop(struct loop_io *io);

/* ---- many file descriptors ----
 * sd-event dispatches one source a turn and copies out all ready descriptors each turn, so K ready
 * ones cost K². A module with many keeps them in one inner epoll set, a single source to sd-event:
 * up to 64 events a turn. */

struct loop_set;
struct loop_fd;
typedef void loop_fd_fn(struct loop_fd *fd, uint32_t revents);

/* A zeroed loop_fd is stopped. */
struct loop_fd {
    struct loop_set *set;
    loop_fd_fn *fn;
    int fd;
    uint32_t events;
};

int loop_set_new(struct loop *l, struct loop_set **ret_set);

/* Its loop_fds must have been stopped. May be called inside their handlers. */
struct loop_set *loop_set_free(struct loop_set *s);

int loop_fd_start(struct loop_fd *f, struct loop_set *s, int fd, uint32_t events, loop_fd_fn *fn);
int loop_fd_set_events(struct loop_fd *f, uint32_t events);

/* Events already fetched for it are not delivered any more; the object may be freed at once. */
void loop_fd_stop(struct loop_fd *f);

/* A round: the events that were ready at a time are delivered one after the other. begin is called
 * before the first and end after the last of them, unless a handler freed the set; under a tick
 * (see below) also when there were none. */
typedef void loop_set_fn(void *arg);
void loop_set_on_round(struct loop_set *s, loop_set_fn *begin, loop_set_fn *end, void *arg);

/* To wake up for each packet costs more than most packets do. With a tick, a set that wakes up more
 * than twice in one goes over to looking once a tick at what has come, and goes back to waiting
 * when a tick brings next to nothing. What comes meanwhile waits for one tick at most; other
 * sources of the loop get their turn at least every 8 ticks. 0: never; below a second. */
void loop_set_poll(struct loop_set *s, unsigned tick_us);

/* Not twice: so many messages in a tick are worth it. At least 1. */
void loop_set_poll_worth(struct loop_set *s, unsigned n_messages);

/* For handlers of a set with a tick: so many messages were received at once (without a word: one
 * for each event), and whether there may be more: then the next look is not put off. */
void loop_set_took(struct loop_set *s, unsigned n, bool more);

/* ---- time ---- */

struct loop_timer;
typedef void loop_timer_fn(struct loop_timer *t);

/* A zeroed timer is stopped. One-shot; accuracy 1 µs. */
struct loop_timer {
    struct loop *loop;
    void *source;
    loop_timer_fn *fn;
};

/* Starts or restarts: fn is called once, delay_us from now. */
int loop_timer_start(struct loop_timer *t, struct loop *l, uint64_t delay_us, loop_timer_fn *fn);

/* Keeps the source for the next start; cheap. */
void loop_timer_stop(struct loop_timer *t);

/* Gives everything back. Needed before the object is freed. */
void loop_timer_done(struct loop_timer *t);

bool loop_timer_is_armed(const struct loop_timer *t);

/* ---- deferred work ---- */

struct loop_defer;
typedef void loop_defer_fn(struct loop_defer *d);

/* Called once after loop_defer_arm(), after the events at hand and before the loop sleeps
 * (flushes, deliveries that must not happen inside a caller's frame). While more
 * events keep coming, 64 of them at most go first; so too when armed inside a deferred call. */
struct loop_defer {
    struct loop *loop;
    loop_defer_fn *fn;
    struct list node;
};

int loop_defer_init(struct loop_defer *d, struct loop *l, loop_defer_fn *fn);

/* Armed already: nothing changes. */
void loop_defer_arm(struct loop_defer *d);

/* May be called on a zeroed one. Disarms. */
void loop_defer_done(struct loop_defer *d);

/* ---- signals ---- */

typedef void loop_signal_fn(struct loop *l, int signo, void *arg);

/* Blocks the signal in this thread and has fn called for it; for the loop's life. Start it before
 * other threads, so that they inherit the mask. */
int loop_signal_add(struct loop *l, int signo, loop_signal_fn *fn, void *arg);

/* SIGTERM and SIGINT end the loop with code 0; SIGPIPE is ignored. */
int loop_quit_on_signals(struct loop *l);

/* The loop feeds the service manager's watchdog, when WATCHDOG_USEC asks for it, or no more. */
int loop_feed_watchdog(struct loop *l, bool on);
