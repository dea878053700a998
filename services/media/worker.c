#include "media/worker.h"

#include "media/agent.h"
#include "media/demux.h"
#include "media/forward.h"
#include "media/gathering.h"
#include "media/ice_tcp.h"
#include "media/mirror.h"
#include "media/quality.h"
#include "media/requests.h"
#include "media/router.h"
#include "media/transport.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define JUNK_LOG_MS 10000

/* Waking up for each packet costs as much as sending several. Under load we look once in so long:
 * as long as a frame may be held (HOLD_US), and nothing beside a network's own jitter. */
#define POLL_TICK_US 1000
#define POLL_WORTH 1 /* message in a tick */

/* ---- datagrams ---- */

static void on_readable(struct loop_fd *fd, uint32_t revents)
{
    struct worker *w = container_of(fd, struct worker, socket_fd);
    unsigned n;
    bool more;

    (void) revents;
    n = udp_receive(w->udp, demux_datagram, w, &more);
    loop_set_took(w->set, n, more);
}

static void on_tcp_lost(struct way *way, void *arg)
{
    (void) arg;
    transport_way_lost(way->transport, way);
}

/* ---- sending ---- */

static void on_hold_timer(struct loop_timer *timer);

/* What has waited enough goes out; the timer runs while something else waits. */
static void send_waiting(struct worker *w)
{
    uint64_t now_us = clock_us(), due_us;

    w->flush_follows = true;
    due_us = forward_due(w, now_us);
    w->flush_follows = false;
    udp_flush(w->udp);
    pipes_flush(w->pipes);
    if (w->tcp)
        ice_tcp_flush(w->tcp);
    atomic_store_explicit(&w->bytes_sent, w->bytes_out, memory_order_relaxed);
    if (due_us == UINT64_MAX)
        loop_timer_stop(&w->hold_timer);
    else if (!loop_timer_is_armed(&w->hold_timer))
        (void) loop_timer_start(&w->hold_timer, w->loop, due_us - now_us, on_hold_timer);
}

static void on_hold_timer(struct loop_timer *timer)
{
    send_waiting(container_of(timer, struct worker, hold_timer));
}

static void on_flush(struct loop_defer *d)
{
    send_waiting(container_of(d, struct worker, flush));
}

void worker_flush_soon(struct worker *w)
{
    if (!w->flush_follows)
        loop_defer_arm(&w->flush);
}

static void on_round_begins(void *worker)
{
    struct worker *w = worker;

    w->now_us = clock_us();
    w->flush_follows = true;
}

static void on_round_ends(void *worker)
{
    send_waiting(worker);
}

/* ---- commands ---- */

static void drop_rooms(struct worker *w)
{
    struct router *r;
    size_t pos;

    while (pos = 0, (r = map_next(w->rooms, &pos)))
        router_free(r);
}

static void on_command(struct mail *mail, void *arg)
{
    struct worker *w = arg;
    struct message *m = message_of(mail);

    w->now_us = clock_us();
    switch (m->type) {
    case COMMAND_QUIT:
        message_free(m);
        loop_quit(w->loop, 0);
        break;
    case COMMAND_CANDIDATES:
        w->candidates = m->candidates;
        message_free(m);
        break;
    case MAIL_PIPE_NEW:
    case MAIL_MIRROR_OPEN:
    case MAIL_MIRROR_SOURCE:
    case MAIL_MIRROR_CLOSE:
        pipes_on_mail(w->pipes, m);
        break;
    default:
        if (requests_pass_on(w, m))
            break;
        gathering_overtake(w, m);
        if (gathering_begin(w, m))
            break;
        requests_run(w, m);
        mailbox_post(w->node->control, &m->mail);
        break;
    }
}

static void drop_message(struct mail *mail, void *arg)
{
    (void) arg;
    message_free(message_of(mail));
}

/* ---- life ---- */

static int make_maps(struct worker *w)
{
    const struct config *c = w->node->config;
    size_t n = (size_t) c->max_transports;
    int r = map_new(CONFIG_ROOMS_MAX, &w->rooms);

    if (r == 0)
        r = map_new(n, &w->by_ufrag);
    if (r == 0)
        r = tuple_table_new(n * ICE_PAIR_MAX, &w->tuples);
    return r;
}

static int watch_socket(struct worker *w)
{
    int r = loop_set_new(w->loop, &w->set);

    if (r < 0)
        return r;
    loop_set_on_round(w->set, on_round_begins, on_round_ends, w);
    loop_set_poll(w->set, POLL_TICK_US);
    loop_set_poll_worth(w->set, POLL_WORTH);
    return loop_fd_start(&w->socket_fd, w->set, udp_fd(w->udp), EPOLLIN, on_readable);
}

int worker_new(struct node *node, unsigned index, struct udp *u,
               const struct candidates *candidates, struct pulse *pulse, struct worker **ret_w)
{
    struct worker *w = calloc(1, sizeof(*w));
    int r;

    if (!w) {
        udp_free(u);
        return -ENOMEM;
    }
    w->node = node;
    w->index = index;
    w->udp = u;
    w->candidates = *candidates;
    list_init(&w->held);
    list_init(&w->replays);
    list_init(&w->gatherings);
    w->junk.interval_ms = w->log_failed.interval_ms = w->log_gathering.interval_ms = JUNK_LOG_MS;
    w->log_refused.interval_ms = JUNK_LOG_MS;
    handshakes_init(&w->handshakes);
    w->ended = calloc(1, sizeof(*w->ended));
    r = w->ended ? make_maps(w) : -ENOMEM;
    if (r == 0)
        r = loop_new(&w->loop);
    if (r == 0) {
        wheel_init(&w->wheel, w->loop);
        r = mailbox_new(w->loop, on_command, w, &w->mailbox);
    }
    if (r == 0)
        r = agents_start(w);
    if (r == 0)
        r = pulse_watch(pulse, w->loop, &w->pulse);
    if (r == 0)
        r = loop_defer_init(&w->flush, w->loop, on_flush);
    if (r == 0)
        r = watch_socket(w);
    if (r == 0)
        r = pipes_new(w, &mirror_pipe_handlers, &w->pipes);
    if (r < 0) {
        worker_free(w);
        return r;
    }
    *ret_w = w;
    return 0;
}

int worker_listen_tcp(struct worker *w, int fd)
{
    static const struct ice_tcp_handlers handlers = {.datagram = demux_datagram,
                                                     .lost = on_tcp_lost};

    return ice_tcp_new(w->loop, w->set, fd, &handlers, w, &w->tcp);
}

static void *thread_main(void *arg)
{
    struct worker *w = arg;
    char name[16];
    int r;

    snprintf(name, sizeof(name), "worker %u", w->index);
    (void) pthread_setname_np(pthread_self(), name);
    r = loop_run(w->loop);

    if (r < 0)
        log_error("worker %u: event loop: %s", w->index, strerror(-r));
    gathering_drop_all(w);
    drop_rooms(w);
    agents_stop(w); /* may take a second or two, which all workers do at once */
    return NULL;
}

int worker_start(struct worker *w)
{
    int r = pthread_create(&w->thread, NULL, thread_main, w);

    if (r != 0)
        return -r;
    w->started = true;
    return 0;
}

void worker_ask_to_stop(struct worker *w)
{
    struct message *m;

    if (!w || !w->started || w->asked_to_stop)
        return;
    m = message_new(COMMAND_QUIT);
    if (!m)
        abort(); /* nothing else ends the thread */
    w->asked_to_stop = true;
    mailbox_post(w->mailbox, &m->mail);
}

void worker_stop(struct worker *w)
{
    if (!w || !w->started)
        return;
    worker_ask_to_stop(w);
    pthread_join(w->thread, NULL);
    w->started = false;
}

uint64_t worker_cpu_us(const struct worker *w)
{
    struct timespec used;
    clockid_t id;

    if (pthread_getcpuclockid(w->thread, &id) != 0 || clock_gettime(id, &used) < 0)
        return 0;
    return (uint64_t) used.tv_sec * 1000000 + (uint64_t) used.tv_nsec / 1000;
}

struct worker *worker_free(struct worker *w)
{
    if (!w)
        return NULL;
    worker_stop(w);
    agents_stop(w);
    if (w->loop) {
        loop_fd_stop(&w->socket_fd);
        pipes_free(w->pipes);
        ice_tcp_free(w->tcp);
        loop_set_free(w->set);
        loop_defer_done(&w->flush);
        loop_timer_done(&w->hold_timer);
        wheel_done(&w->wheel);
        if (w->mailbox)
            mailbox_free(w->mailbox, drop_message);
        pulse_unwatch(w->pulse);
        loop_free(w->loop);
    }
    udp_free(w->udp);
    kept_bases_done(&w->sdps);
    map_free(w->rooms);
    map_free(w->by_ufrag);
    tuple_table_free(w->tuples);
    free(w->ended);
    free(w);
    return NULL;
}
