/* worker.h: one thread with its loop, its UDP socket and the rooms that live on it.
 *
 * Everything below a worker (rooms, transports, tracks) belongs to its thread alone; control and
 * the other workers speak to it by mailbox, and these by pipes, too. */
#pragma once

#include "media/command.h"
#include "media/handshakes.h"
#include "media/kept_text.h"
#include "media/udp.h"
#include "media/wheel.h"

#include "base/log.h"
#include "base/map.h"
#include "ice_agent/ice_agent.h"
#include "loop/pulse.h"
#include "media/config.h"
#include "rtc/dtls.h"

#include <pthread.h>
#include <stdatomic.h>

struct ice_tcp;
struct pipes;
struct quality_sums;
struct transport;
struct ice_module;
struct tuple_table;

/* What all workers share; outlives them. Read-only but for the counters. */
struct node {
    const struct config *config;
    unsigned n_workers;
    const struct dtls_identity *identity;
    struct mailbox *control;      /* takes struct message */
    const struct ice_module *ice; /* full agents; NULL: the setting is "lite" */
    struct ice_quota agents;
    atomic_uint n_transports;
};

struct worker {
    struct node *node;
    unsigned index;
    struct loop *loop;
    struct mailbox *mailbox; /* takes struct message; any thread may post */
    struct udp *udp;
    struct ice_tcp *tcp; /* NULL: no ICE-TCP here */
    struct wheel wheel;
    struct map *rooms;          /* id -> struct router */
    struct map *by_ufrag;       /* -> struct transport */
    struct tuple_table *tuples; /* of the UDP socket */
    struct candidates candidates;
    struct kept_bases sdps; /* of its transports */
    uint64_t now_us;        /* when the datagrams at hand were received */

    struct loop_set *set;
    struct loop_fd socket_fd;
    struct loop_defer flush;
    bool flush_follows; /* without being asked for */
    struct list held; /* struct track.held_node: packets of it wait for the rest of their frame … */
    struct loop_timer hold_timer; /* … so long */
    struct list replays;          /* struct subscriber_track.replay_node */
    struct log_limit junk;
    struct log_limit log_failed; /* transports */
    struct log_limit log_gathering;
    struct ice_hub *ice_hub;      /* of its agents; NULL without them */
    struct list gatherings;       /* of gathering.c */
    struct log_limit log_refused; /* what goes past a limit */
    struct handshakes handshakes;
    uint64_t n_junk;      /* datagrams of no transport */
    uint64_t n_bad_media; /* media that was not authentic, replayed, or of one SSRC too many */
    uint64_t bytes_out;   /* media of all transports */
    struct quality_sums *ended; /* what became of the packets of transports that are gone */
    pthread_t thread;
    bool started, asked_to_stop;
    struct pulse_watch *pulse; /* NULL: not watched */
    struct pipes *pipes;       /* from and to the other workers */

    /* for control, which chooses the least loaded */
    atomic_uint n_transports;
    _Atomic uint64_t bytes_sent;
};

/* Takes over u, also on failure. pulse watches it; NULL: nobody does. */
int worker_new(struct node *node, unsigned index, struct udp *u,
               const struct candidates *candidates, struct pulse *pulse, struct worker **ret_w);

/* Before it starts: clients may come by TCP as well. Takes over fd, of tcp_listener_socket(), also
 * on failure. */
int worker_listen_tcp(struct worker *w, int fd);
int worker_start(struct worker *w);

/* The thread drops the rooms and its agents, and ends. */
void worker_ask_to_stop(struct worker *w);

/* Waits for that. All workers stop before the first is freed: they post to each other until then.
 * NULL is fine. */
void worker_stop(struct worker *w);
struct worker *worker_free(struct worker *w); /* NULL is fine; returns NULL */

/* What its thread has used; any thread. */
uint64_t worker_cpu_us(const struct worker *w);

/* On the worker's thread: what was queued goes out before the loop sleeps. */
void worker_flush_soon(struct worker *w);
