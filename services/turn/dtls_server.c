#include "turn/dtls_server.h"

#include "base/map.h"
#include "base/rnd.h"
#include "turn/dtls_hello.h"
#include "turn/dtls_session.h"
#include "turn/listener.h"

#include <errno.h>
#include <stdlib.h>

#define TICK_US 100000u /* while there are handshakes: when answers are sent again */
#define SWEEP_MS 2000u
#define RECORD_MAX 16384u
#define IN_SIZE (8 * RECORD_MAX)

enum state {
    HANDSHAKE,
    STRANGER, /* without an allocation */
    MEMBER,
    N_STATES,
};

struct session {
    struct transport transport;
    struct flow flow;
    struct dtls_server *server;
    struct listener *listener;
    struct dtls_session *dtls;
    enum state state;
    struct list node;  /* in the list of its state, those that came first are first */
    uint64_t since_ms; /* came, or lost its allocation */
    uint64_t heard_ms; /* of the client */
    uint8_t random[DTLS_RANDOM_SIZE]; /* of the hello with which it began */
};

struct dtls_server {
    struct turn *turn;
    struct loop *loop;
    struct listener listeners[CONFIG_LISTEN_MAX];
    size_t n_listeners;
    struct list lists[N_STATES];
    size_t counts[N_STATES];
    struct map *handshakes, *sessions; /* by addresses: a new session may begin beside the old */
    struct hmac *cookie_key;
    struct loop_timer timer;
    bool ticks; /* the timer goes as fast as handshakes need it */
    uint64_t swept_ms;
    struct turn_flusher flusher;

    size_t in_used; /* of what was decrypted since the last flush, until which it stays */
    uint8_t in[IN_SIZE];
    uint8_t message[RECORD_MAX]; /* that is being sent */
};

/* The client's and our address. */
static struct bytes key_of(const struct flow *f)
{
    return bytes_of(f, offsetof(struct flow, transport));
}

static struct map *map_of(const struct dtls_server *d, enum state state)
{
    return state == HANDSHAKE ? d->handshakes : d->sessions;
}

/* ---- to the client ---- */

static void on_encrypted(struct bytes datagram, void *arg)
{
    struct session *s = arg;

    listener_send(s->listener, &s->flow, datagram, bytes_of(NULL, 0));
}

static void send_to_client(struct transport *t, const struct flow *flow, struct bytes head,
                           struct bytes body)
{
    struct session *s = container_of(t, struct session, transport);
    struct wr w = wr_init(s->server->message, RECORD_MAX);
    size_t len;

    (void) flow;
    wr_bytes(&w, head);
    wr_bytes(&w, body);
    if (wr_finish(&w, &len) < 0 || dtls_session_write(s->dtls, bytes_of(w.start, len)) < 0)
        stats_add(&s->server->turn->stats, STAT_PACKETS_LOST, 1);
}

/* ---- the life of a session ---- */

static struct alloc *allocation_of(const struct session *s)
{
    struct turn *t = s->server->turn;

    return alloc_find(t->allocs, &s->flow, t->now_ms);
}

static void enter_list(struct session *s, enum state state)
{
    s->state = state;
    s->server->counts[state]++;
    list_append(&s->server->lists[state], &s->node);
}

static void leave_list(struct session *s)
{
    list_del(&s->node);
    s->server->counts[s->state]--;
}

static void session_free(struct session *s)
{
    struct map *map = map_of(s->server, s->state);

    stats_add(&s->server->turn->stats, STAT_CONNECTIONS_ENDED + TRANSPORT_DTLS, 1);
    alloc_free(allocation_of(s));
    if (map_get(map, key_of(&s->flow)) == s)
        (void) map_del(map, key_of(&s->flow));
    leave_list(s);
    dtls_session_free(s->dtls);
    free(s);
}

/* Ends it by our own will. */
static void session_drop(struct session *s)
{
    stats_add(&s->server->turn->stats, STAT_CONNECTIONS_DROPPED, 1);
    dtls_session_close(s->dtls);
    session_free(s);
}

/* Those who hold on to theirs do not keep others out. */
static void make_room(struct dtls_server *d, enum state state, size_t max)
{
    struct session *oldest = list_first(&d->lists[state], struct session, node);

    if (oldest && d->counts[state] >= max)
        session_drop(oldest);
}

/* The handshake is over. A session that the client had from the same port is forgotten, as the
 * client has forgotten it (RFC 6347 section 4.2.8). */
static int session_up(struct session *s)
{
    struct dtls_server *d = s->server;
    struct session *last = map_get(d->sessions, key_of(&s->flow));
    int r;

    if (last)
        session_free(last);
    make_room(d, STRANGER, CONN_STRANGERS_MAX);
    (void) map_del(d->handshakes, key_of(&s->flow));
    leave_list(s);
    enter_list(s, STRANGER);
    s->since_ms = d->turn->now_ms;
    r = map_put(d->sessions, key_of(&s->flow), s);
    return r;
}

/* ---- from the client ---- */

/* Memory for one record more. What was read before is no longer needed when it has been sent. */
static uint8_t *room_for_record(struct dtls_server *d)
{
    if (IN_SIZE - d->in_used < RECORD_MAX) {
        udp_out_flush(d->turn->out);
        d->in_used = 0;
    }
    return d->in + d->in_used;
}

static int take_records(struct session *s)
{
    struct dtls_server *d = s->server;
    size_t len;
    int r;

    for (;;) {
        uint8_t *at = room_for_record(d);

        r = dtls_session_read(s->dtls, at, RECORD_MAX, &len);
        if (r < 0)
            return r == -EAGAIN ? 0 : r;
        d->in_used += len;
        turn_on_datagram(d->turn, &s->flow, bytes_of(at, len));
        if (s->state == STRANGER && allocation_of(s)) {
            leave_list(s);
            enter_list(s, MEMBER);
        }
    }
}

static void feed(struct session *s, struct bytes datagram)
{
    int r = dtls_session_input(s->dtls, datagram);

    s->heard_ms = s->server->turn->now_ms;
    if (r == 0 && s->state == HANDSHAKE && dtls_session_is_up(s->dtls))
        r = session_up(s);
    if (r == 0)
        r = take_records(s);
    if (r < 0) {
        dtls_session_close(s->dtls); /* close_notify is answered with ours (RFC 5246 7.2.1) */
        session_free(s);
    }
}

/* ---- hellos ---- */

static bool is_of(const struct session *s, const struct dtls_hello *h)
{
    return s && bytes_eq(h->random, bytes_of(s->random, sizeof(s->random)));
}

static void ask_for_proof(struct listener *ls, const struct flow *flow, const struct dtls_hello *h)
{
    struct dtls_server *d = ls->owner;
    struct turn *t = d->turn;
    uint8_t buf[DTLS_VERIFY_SIZE];
    size_t len;

    if (!ratelimit_take(t->bindings, &flow->client, false, t->now_ms))
        stats_add(&t->stats, STAT_UNANSWERED, 1);
    else if (dtls_hello_verify(h, d->cookie_key, &flow->client, t->now_ms, buf, sizeof(buf),
                               &len) == 0)
        listener_send(ls, flow, bytes_of(buf, len), bytes_of(NULL, 0));
}

/* Those that come too fast are to come again, as they do by themselves when there is no answer. */
static bool may_handshake(struct turn *t, const struct addr *client)
{
    if (!handshakes_allow(&t->handshakes, t->now_ms) ||
        !ratelimit_take(t->logins, client, true, t->now_ms)) {
        stats_add(&t->stats, STAT_UNANSWERED, 1);
        return false;
    }
    handshakes_begun(&t->handshakes);
    return true;
}

static void on_timer(struct loop_timer *timer);

static int start(struct session *s, struct bytes datagram)
{
    struct dtls_server *d = s->server;
    int r = map_put(d->handshakes, key_of(&s->flow), s);

    if (r == 0)
        r = dtls_session_new(d->turn->tls, datagram, on_encrypted, s, &s->dtls);
    if (r == 0 && !d->ticks)
        r = loop_timer_start(&d->timer, d->loop, TICK_US, on_timer);
    if (r == 0)
        d->ticks = true;
    return r;
}

static void begin_session(struct listener *ls, const struct flow *flow, const struct dtls_hello *h,
                          struct bytes datagram)
{
    struct dtls_server *d = ls->owner;
    struct session *s;

    make_room(d, HANDSHAKE, CONN_HANDSHAKES_MAX);
    s = calloc(1, sizeof(*s));
    if (!s)
        return;
    s->transport = (struct transport){.kind = TRANSPORT_DTLS, .send = send_to_client};
    s->flow = *flow;
    s->flow.transport = &s->transport;
    s->server = d;
    s->listener = ls;
    s->since_ms = s->heard_ms = d->turn->now_ms;
    memcpy(s->random, h->random.p, sizeof(s->random));
    enter_list(s, HANDSHAKE);
    stats_add(&d->turn->stats, STAT_CONNECTIONS_MADE + TRANSPORT_DTLS, 1);
    if (start(s, datagram) < 0)
        session_free(s);
}

/* A hello that was sent twice is no second one. */
static void on_hello(struct listener *ls, const struct flow *flow, const struct dtls_hello *h,
                     struct bytes datagram)
{
    struct dtls_server *d = ls->owner;
    struct session *half = map_get(d->handshakes, key_of(flow));

    if (is_of(half, h) || is_of(map_get(d->sessions, key_of(flow)), h))
        return;
    if (!dtls_hello_is_proven(h, d->cookie_key, &flow->client, d->turn->now_ms)) {
        ask_for_proof(ls, flow, h);
    } else if (!d->turn->tls) {
        stats_add(&d->turn->stats, STAT_CONNECTIONS_REFUSED, 1);
    } else if (may_handshake(d->turn, &flow->client)) {
        if (half)
            session_free(half);
        begin_session(ls, flow, h, datagram);
    }
}

/* What nobody has signed belongs to the handshake that is going on, if there is one; the rest may
 * be of either session, and is passed over by the one that has not its keys. */
static void on_record(struct dtls_server *d, const struct flow *flow, struct bytes datagram)
{
    struct session *half = map_get(d->handshakes, key_of(flow));
    struct session *up = map_get(d->sessions, key_of(flow));

    if (up && (!half || !dtls_is_in_clear(datagram)))
        feed(up, datagram);
    if (half)
        feed(half, datagram);
}

static void on_datagram(struct listener *ls, const struct flow *flow, struct bytes datagram)
{
    struct dtls_hello hello;

    if (!dtls_is_record(datagram))
        stats_add(&ls->turn->stats, STAT_MALFORMED, 1);
    else if (dtls_hello_parse(datagram, &hello) == 0)
        on_hello(ls, flow, &hello, datagram);
    else
        on_record(ls->owner, flow, datagram);
}

static void on_flush(struct turn_flusher *f)
{
    container_of(f, struct dtls_server, flusher)->in_used = 0;
}

/* ---- time ---- */

static void sweep_handshakes(struct dtls_server *d)
{
    struct session *s;

    list_for_each (s, &d->lists[HANDSHAKE], node) {
        if (d->turn->now_ms - s->since_ms >= CONN_HANDSHAKE_MS || dtls_session_tick(s->dtls) < 0)
            session_drop(s);
    }
}

static void sweep_session(struct session *s, uint64_t now_ms)
{
    if (s->state == STRANGER && now_ms - s->since_ms >= CONN_STRANGER_MS) {
        session_drop(s);
        return;
    }
    if (now_ms - s->heard_ms >= SWEEP_MS)
        dtls_session_rest(s->dtls);
    if (s->state == MEMBER && !allocation_of(s)) {
        s->since_ms = now_ms;
        make_room(s->server, STRANGER, CONN_STRANGERS_MAX);
        leave_list(s);
        enter_list(s, STRANGER);
    }
}

void dtls_server_sweep(struct dtls_server *d)
{
    struct session *s;

    turn_tick(d->turn);
    sweep_handshakes(d);
    if (d->turn->now_ms - d->swept_ms >= SWEEP_MS) {
        d->swept_ms = d->turn->now_ms;
        list_for_each (s, &d->lists[STRANGER], node)
            sweep_session(s, d->swept_ms);
        list_for_each (s, &d->lists[MEMBER], node)
            sweep_session(s, d->swept_ms);
    }
    turn_flush(d->turn);
}

static void on_timer(struct loop_timer *timer)
{
    struct dtls_server *d = container_of(timer, struct dtls_server, timer);

    dtls_server_sweep(d);
    d->ticks = d->counts[HANDSHAKE] > 0;
    if (dtls_server_count(d) > 0)
        (void) loop_timer_start(timer, d->loop, d->ticks ? TICK_US : SWEEP_MS * 1000, on_timer);
}

/* ---- all of it ---- */

size_t dtls_server_handshakes(const struct dtls_server *d)
{
    return d->counts[HANDSHAKE];
}

size_t dtls_server_count(const struct dtls_server *d)
{
    return d->counts[HANDSHAKE] + d->counts[STRANGER] + d->counts[MEMBER];
}

int dtls_server_listen(struct dtls_server *d, const struct addr *bind_to, bool reuse_port)
{
    int r =
        listener_open(&d->listeners[d->n_listeners], d->turn, bind_to, reuse_port, on_datagram, d);

    d->n_listeners += r == 0;
    return r;
}

int dtls_server_new(struct turn *turn, struct loop *l, struct dtls_server **ret_server)
{
    struct dtls_server *d = calloc(1, sizeof(*d));
    uint8_t key[SHA256_SIZE];
    int r;

    if (!d)
        return -ENOMEM;
    d->turn = turn;
    d->loop = l;
    list_init(&d->flusher.node);
    for (int state = 0; state < N_STATES; state++)
        list_init(&d->lists[state]);
    rnd_bytes(key, sizeof(key));
    r = hmac_new(HMAC_SHA256, bytes_of(key, sizeof(key)), &d->cookie_key);
    secret_wipe(key, sizeof(key));
    if (r == 0)
        r = map_new(CONN_HANDSHAKES_MAX, &d->handshakes);
    if (r == 0)
        r = map_new(CONN_STRANGERS_MAX + CONFIG_QUOTA_MAX, &d->sessions);
    if (r < 0) {
        dtls_server_free(d);
        return r;
    }
    d->flusher.fn = on_flush;
    list_append(&turn->flushers, &d->flusher.node);
    *ret_server = d;
    return 0;
}

struct dtls_server *dtls_server_free(struct dtls_server *d)
{
    struct session *s;

    if (!d)
        return NULL;
    for (int state = 0; state < N_STATES; state++) {
        list_for_each (s, &d->lists[state], node) {
            dtls_session_close(s->dtls);
            session_free(s);
        }
    }
    for (size_t i = 0; i < d->n_listeners; i++)
        listener_close(&d->listeners[i]);
    list_del(&d->flusher.node);
    loop_timer_done(&d->timer);
    map_free(d->handshakes);
    map_free(d->sessions);
    hmac_free(d->cookie_key);
    free(d);
    return NULL;
}
