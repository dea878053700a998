#include "turn/conn_internal.h"
#include "turn/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define SWEEP_US 2000000u /* limits of time are tens of seconds */

/* ---- states ---- */

struct alloc *conn_allocation(const struct conn *c)
{
    struct turn *t = c->conns->turn;

    return alloc_find(t->allocs, &c->flow, t->now_ms);
}

static void enter_list(struct conn *c, enum conn_state state)
{
    c->state = state;
    c->conns->counts[state]++;
    list_append(&c->conns->lists[state], &c->node);
}

static void leave_list(struct conn *c)
{
    list_del(&c->node);
    c->conns->counts[c->state]--;
}

static struct conn *oldest(struct conns *cs, enum conn_state state)
{
    return list_first(&cs->lists[state], struct conn, node);
}

/* Those who hold on to theirs do not keep others out. */
static void make_room(struct conns *cs, enum conn_state state)
{
    static const size_t max[N_CONN_STATES] = {
        [CONN_HANDSHAKE] = CONN_HANDSHAKES_MAX,
        [CONN_STRANGER] = CONN_STRANGERS_MAX,
        [CONN_MEMBER] = SIZE_MAX,
        [CONN_ENDING] = SIZE_MAX,
    };

    if (cs->counts[state] >= max[state])
        conn_drop(oldest(cs, state));
}

void conn_set_state(struct conn *c, enum conn_state state)
{
    make_room(c->conns, state);
    leave_list(c);
    enter_list(c, state);
    if (state >= CONN_MEMBER)
        c->host = hosts_leave(c->conns->hosts, c->host);
    if (state == CONN_ENDING) {
        loop_fd_stop(&c->io);
        loop_defer_arm(&c->conns->reap);
    }
}

void conn_end(struct conn *c)
{
    if (c->state != CONN_ENDING)
        conn_set_state(c, CONN_ENDING);
}

void conn_drop(struct conn *c)
{
    if (c->state != CONN_ENDING)
        stats_add(&c->conns->turn->stats, STAT_CONNECTIONS_DROPPED, 1);
    conn_end(c);
}

static void conn_free(struct conn *c)
{
    struct stats *stats = &c->conns->turn->stats;

    if (c->started)
        stats_add(stats, STAT_CONNECTIONS_ENDED + c->transport.kind, 1);
    alloc_free(conn_allocation(c));
    c->host = hosts_leave(c->conns->hosts, c->host);
    leave_list(c);
    conn_done(c);
    free(c);
}

static void on_reap(struct loop_defer *d)
{
    struct conns *cs = container_of(d, struct conns, reap);
    struct conn *c;

    turn_tick(cs->turn);
    list_for_each (c, &cs->lists[CONN_ENDING], node)
        conn_free(c);
}

static void on_flush(struct turn_flusher *f)
{
    struct conns *cs = container_of(f, struct conns, flusher);
    struct conn *c;

    list_for_each (c, &cs->writing, writing) {
        list_del(&c->writing);
        conn_flush(c);
    }
    cs->in_used = 0;
}

static int enter_host(struct conn *c)
{
    return hosts_enter(c->conns->hosts, &c->flow.client, CONN_STRANGERS_PER_HOST, &c->host);
}

/* ---- time ---- */

static bool is_over(const struct conn *c, uint64_t now_ms)
{
    static const uint64_t max_ms[N_CONN_STATES] = {
        [CONN_HANDSHAKE] = CONN_HANDSHAKE_MS,
        [CONN_STRANGER] = CONN_STRANGER_MS,
        [CONN_MEMBER] = UINT64_MAX,
        [CONN_ENDING] = UINT64_MAX,
    };

    return now_ms - c->since_ms >= max_ms[c->state] ||
           (c->partial.len > 0 && now_ms - c->partial_ms >= CONN_PARTIAL_MS) ||
           ((c->io.events & EPOLLOUT) && now_ms - c->stalled_ms >= CONN_STALLED_MS);
}

static void sweep_one(struct conn *c, uint64_t now_ms)
{
    if (is_over(c, now_ms)) {
        conn_drop(c);
    } else if (c->state == CONN_MEMBER && !conn_allocation(c)) {
        c->since_ms = now_ms;
        conn_set_state(c, CONN_STRANGER);
        if (enter_host(c) < 0)
            conn_drop(c);
    }
}

void conns_sweep(struct conns *cs)
{
    struct conn *c;

    turn_tick(cs->turn);
    for (int state = CONN_HANDSHAKE; state < CONN_ENDING; state++) {
        list_for_each (c, &cs->lists[state], node)
            sweep_one(c, cs->turn->now_ms);
    }
}

static void on_sweep(struct loop_timer *t)
{
    struct conns *cs = container_of(t, struct conns, sweep);

    conns_sweep(cs);
    if (conns_count(cs) > 0)
        (void) loop_timer_start(t, cs->loop, SWEEP_US, on_sweep);
}

bool conns_drop_oldest(struct conns *cs)
{
    struct conn *c = oldest(cs, CONN_HANDSHAKE);

    if (!c)
        c = oldest(cs, CONN_STRANGER);
    if (c)
        conn_drop(c);
    return c != NULL;
}

bool conns_may_handshake(struct conns *cs)
{
    turn_tick(cs->turn);
    return handshakes_allow(&cs->turn->handshakes, cs->turn->now_ms);
}

/* ---- new ones ---- */

int conn_identify(struct conn *c, const struct addr *client, const struct addr *local)
{
    struct turn *t = c->conns->turn;
    int r;

    c->flow.client = *client;
    c->flow.local = *local;
    r = enter_host(c);
    if (r < 0 || c->transport.kind != TRANSPORT_TLS)
        return r;
    if (!t->tls)
        return -ENOENT;
    handshakes_begun(&t->handshakes);
    return tls_new(t->tls, c->wire.fd, &c->wire.tls);
}

static struct conn *conn_new(struct conns *cs, enum transport_kind kind, int fd)
{
    enum conn_state state = kind == TRANSPORT_TLS ? CONN_HANDSHAKE : CONN_STRANGER;
    struct conn *c = calloc(1, sizeof(*c));

    turn_tick(cs->turn);
    if (!c) {
        wire_close(&(struct wire){.fd = fd});
        return NULL;
    }
    conn_init(c, cs, kind);
    c->wire.fd = fd;
    c->since_ms = cs->turn->now_ms;
    make_room(cs, state);
    enter_list(c, state);
    return c;
}

static void start(struct conn *c, int error)
{
    struct conns *cs = c->conns;

    if (error == 0)
        error = loop_fd_start(&c->io, cs->turn->set, c->wire.fd, EPOLLIN, conn_on_ready);
    if (error == 0 && !loop_timer_is_armed(&cs->sweep))
        error = loop_timer_start(&cs->sweep, cs->loop, SWEEP_US, on_sweep);
    if (error < 0) {
        stats_add(&cs->turn->stats, STAT_CONNECTIONS_REFUSED, 1);
        conn_free(c);
        return;
    }
    c->started = true;
    stats_add(&cs->turn->stats, STAT_CONNECTIONS_MADE + c->transport.kind, 1);
}

void conns_add(struct conns *cs, enum transport_kind kind, int fd, const struct addr *client,
               const struct addr *local)
{
    struct conn *c = conn_new(cs, kind, fd);

    if (c)
        start(c, conn_identify(c, client, local));
}

void conns_add_web(struct conns *cs, struct passes *passes, int fd)
{
    struct conn *c = conn_new(cs, TRANSPORT_TLS, fd);

    if (!c)
        return;
    c->needs_header = true;
    c->passes = passes;
    start(c, 0);
}

/* ---- the table ---- */

size_t conns_count(const struct conns *cs)
{
    size_t n = 0;

    for (int state = 0; state < N_CONN_STATES; state++)
        n += cs->counts[state];
    return n;
}

int conns_new(struct turn *turn, struct loop *l, struct conns **ret_conns)
{
    struct conns *cs = calloc(1, sizeof(*cs));
    int r;

    if (!cs)
        return -ENOMEM;
    cs->turn = turn;
    cs->loop = l;
    for (int state = 0; state < N_CONN_STATES; state++)
        list_init(&cs->lists[state]);
    list_init(&cs->writing);
    r = hosts_new(CONN_HANDSHAKES_MAX + CONN_STRANGERS_MAX + 1, &cs->hosts);
    if (r == 0)
        r = loop_defer_init(&cs->reap, l, on_reap);
    if (r < 0) {
        hosts_free(cs->hosts);
        free(cs);
        return r;
    }
    cs->flusher.fn = on_flush;
    list_append(&turn->flushers, &cs->flusher.node);
    *ret_conns = cs;
    return 0;
}

struct conns *conns_free(struct conns *cs)
{
    struct conn *c;

    if (!cs)
        return NULL;
    for (int state = 0; state < N_CONN_STATES; state++) {
        list_for_each (c, &cs->lists[state], node)
            conn_free(c);
    }
    list_del(&cs->flusher.node);
    loop_timer_done(&cs->sweep);
    loop_defer_done(&cs->reap);
    hosts_free(cs->hosts);
    out_pool_done(&cs->pool);
    free(cs);
    return NULL;
}
