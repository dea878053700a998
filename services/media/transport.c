#include "media/transport.h"

#include "base/clock.h"
#include "base/crypto.h"

#include <inttypes.h>
#include <stdlib.h>

#define CONSENT_CHECK_MS 2000
#define CONNECT_TIMEOUT_US (30 * 1000000ull)
#define DTLS_LINGER_MS 10000 /* a lost last flight must still be answered */
#define RTCP_MAX 1400

void transport_log(const struct transport *t, enum log_level level, const char *fmt, ...)
{
    struct log_ids ids = {.session = NULL};
    va_list ap;

    if (t->handlers->describe && t->arg)
        t->handlers->describe(&ids, t->arg);
    va_start(ap, fmt);
    log_about_v(ids, level, fmt, ap);
    va_end(ap);
}

static void note_event(struct transport *t)
{
    if (t->n_events == TRANSPORT_EVENTS_MAX)
        memmove(t->events, t->events + 1, --t->n_events * sizeof(t->events[0]));
    t->events[t->n_events++] =
        (struct transport_event){.state = t->state, .at_ms = clock_wall_ms()};
}

/* One that came to nothing; the peer of one that is over is told when the transport is freed. */
static void drop_handshake(struct transport *t)
{
    handshakes_end(&t->worker->handshakes, &t->handshake);
    if (t->dtls && dtls_state(t->dtls) != DTLS_CONNECTED)
        t->dtls = dtls_free(t->dtls);
}

/* why may be of t->dtls. */
static void set_state(struct transport *t, enum transport_state state, const char *why)
{
    if (t->state == state)
        return;
    transport_log(t, LOG_LEVEL_DEBUG, "transport %s: %s -> %s%s%s", t->ice.ufrag,
                  transport_state_name(t->state), transport_state_name(state), *why ? ": " : "",
                  why);
    t->state = state;
    note_event(t);
    if (state == TRANSPORT_FAILED && log_limit_passes(&t->worker->log_failed))
        transport_log(t, LOG_LEVEL_INFO, "transport %s failed: %s", t->ice.ufrag, why);
    t->handlers->on_state(t, t->arg);
    if (state == TRANSPORT_FAILED)
        drop_handshake(t);
}

static bool is_over(const struct transport *t)
{
    return t->state == TRANSPORT_CLOSED || t->state == TRANSPORT_FAILED;
}

/* ---- ICE ---- */

static struct tuple_claim *claim_of(struct transport *t, const struct ice_pair *p)
{
    return &t->claims[p - t->ice.pairs];
}

/* What comes by this tuple is not for the transport any more. */
static void let_go(struct transport *t, struct tuple_claim *c, const struct tuple *tuple)
{
    struct way *w = tuple->way;

    tuple_table_release(t->worker->tuples, c);
    if (!w || w->transport != t)
        return;
    w->transport = NULL;
    w->type->close(w);
}

/* Whatever comes by this pair is for the transport, too. */
static int hold(struct transport *t, struct ice_pair *p)
{
    struct tuple_claim *c = claim_of(t, p);

    if (p->tuple.way) {
        p->tuple.way->transport = t;
        return 0;
    }
    return c->entry ? 0 : tuple_table_claim(t->worker->tuples, c, t, p);
}

static void follow_selected(struct transport *t)
{
    if (t->ice.selected)
        path_set(&t->path, t->worker->udp, &t->ice.selected->tuple);
    else
        path_clear(&t->path, t->worker->udp);
}

static void dtls_send(struct bytes datagram, void *arg)
{
    struct transport *t = arg;

    if (t->srtp && t->dtls_from) /* the last flight again: this one may get lost, too */
        wheel_start(&t->worker->wheel, &t->dtls_timer, DTLS_LINGER_MS);
    if (t->dtls_from)
        path_answer(t->worker->udp, t->dtls_from, datagram);
    else
        path_send(&t->path, t->worker->udp, datagram);
    worker_flush_soon(t->worker);
}

/* Another check has come by this pair. False: the pair cannot be used. */
static bool take_pair(struct transport *t, const struct ice_result *r)
{
    bool moved = r->selected_moved;
    int error;

    if (tuple_is_set(&r->evicted))
        let_go(t, claim_of(t, r->pair), &r->evicted);
    error = hold(t, r->pair);
    if (error < 0) {
        log_limited(&t->worker->junk, LOG_LEVEL_WARNING,
                    "no room for another address of a transport: %s, ignoring", strerror(-error));
        moved |= ice_lite_forget(&t->ice, r->pair);
    }
    if (moved)
        follow_selected(t);
    return error == 0;
}

static bool has_consent(const struct transport *t, uint64_t now_us)
{
    return t->agent || ice_lite_consent_left_ms(&t->ice, now_us / 1000) > 0;
}

void transport_on_check(struct transport *t, const struct stun *m, const struct udp_datagram *d)
{
    struct tuple tuple = tuple_of(d);
    struct ice_result r;

    if (is_over(t))
        return;
    ice_lite_on_check(&t->ice, m, &tuple, t->worker->now_us / 1000, &r);
    if (r.pair && !take_pair(t, &r))
        return;
    if (r.response_len > 0) {
        path_answer(t->worker->udp, d, bytes_of(r.response, r.response_len));
        worker_flush_soon(t->worker);
    }
    if (!r.pair)
        return;
    if (t->first_check_us == 0)
        t->first_check_us = t->worker->now_us;
    if (t->state == TRANSPORT_DISCONNECTED && has_consent(t, t->worker->now_us))
        set_state(t, TRANSPORT_CONNECTED, "checks came again");
}

void transport_way_lost(struct transport *t, struct way *w)
{
    w->transport = NULL;
    for (unsigned i = 0; i < ICE_PAIR_MAX; i++) {
        struct ice_pair *p = &t->ice.pairs[i];

        if (tuple_is_set(&p->tuple) && p->tuple.way == w && ice_lite_forget(&t->ice, p))
            follow_selected(t);
    }
}

void transport_on_agent_pair(struct transport *t, const struct addr *remote,
                             const struct addr *local)
{
    struct tuple tuple = {.way = &t->agent->way, .remote = *remote, .local = *local};

    if (is_over(t))
        return;
    if (t->first_check_us == 0)
        t->first_check_us = clock_us();
    path_set(&t->path, t->worker->udp, &tuple);
    if (t->state == TRANSPORT_DISCONNECTED)
        set_state(t, TRANSPORT_CONNECTED, "another pair works");
}

void transport_on_agent_failed(struct transport *t)
{
    if (t->state == TRANSPORT_CONNECTED)
        set_state(t, TRANSPORT_DISCONNECTED, "the peer's consent ended");
    else if (t->state == TRANSPORT_CONNECTING)
        set_state(t, TRANSPORT_FAILED, "no pair of candidates works");
}

static void on_consent_timer(struct wheel_timer *timer)
{
    struct transport *t = container_of(timer, struct transport, consent_timer);
    uint64_t now_us = clock_us();

    if (t->state == TRANSPORT_CONNECTED && !has_consent(t, now_us))
        set_state(t, TRANSPORT_DISCONNECTED, "no checks for 30 s");
    if (t->state == TRANSPORT_CONNECTING && now_us - t->created_us > CONNECT_TIMEOUT_US)
        set_state(t, TRANSPORT_FAILED,
                  t->first_check_us == 0 ? "no connectivity check came" : "DTLS did not complete");
    if (!is_over(t))
        wheel_start_coarse(&t->worker->wheel, &t->consent_timer, CONSENT_CHECK_MS);
}

/* ---- DTLS ---- */

static bool fingerprint_matches(struct transport *t)
{
    uint8_t digest[64];
    size_t len;

    if (dtls_peer_fingerprint(t->dtls, bytes_str(t->fingerprint_hash), digest, sizeof(digest),
                              &len) < 0)
        return false;
    return secret_eq(bytes_of(digest, len), bytes_of(t->fingerprint, t->fingerprint_len));
}

/* Both the handshake and the fingerprint are needed; called when either comes. */
static void connect_if_ready(struct transport *t)
{
    struct dtls_keys keys;
    int r;

    if (!t->has_remote || t->srtp || !t->dtls || dtls_state(t->dtls) != DTLS_CONNECTED)
        return;
    if (!fingerprint_matches(t)) {
        set_state(t, TRANSPORT_FAILED, "the certificate is not the one that was signalled");
        return;
    }
    r = dtls_export_keys(t->dtls, &keys);
    if (r == 0)
        r = srtp_transport_new(&keys, &t->srtp);
    secret_wipe(&keys, sizeof(keys));
    if (r < 0) {
        set_state(t, TRANSPORT_FAILED, "no SRTP keys");
        return;
    }
    t->connected_us = t->worker->now_us;
    wheel_start(&t->worker->wheel, &t->dtls_timer, DTLS_LINGER_MS);
    set_state(t, TRANSPORT_CONNECTED, srtp_profile_id_name(srtp_transport_profile(t->srtp)));
}

static void log_put_off(struct transport *t, const struct addr *from, int error)
{
    char text[ADDR_TEXT_SIZE];

    log_limited(&t->worker->log_refused, LOG_LEVEL_NOTICE, "%s, letting %s wait",
                error == -EMFILE   ? "too many handshakes of one host"
                : error == -ENFILE ? "too many handshakes at once"
                                   : "too many handshakes begin",
                addr_format(from, text));
}

/* Makes t->dtls for the first datagram of a handshake, when there is room for another one. */
static bool begin_handshake(struct transport *t, const struct addr *from)
{
    struct worker *w = t->worker;
    int r = handshakes_begin(&w->handshakes, &t->handshake, from, w->now_us / 1000);

    if (r < 0) {
        log_put_off(t, from, r);
        return false;
    }
    if (dtls_new(w->node->identity, dtls_send, t, &t->dtls) < 0)
        set_state(t, TRANSPORT_FAILED, "no memory for DTLS");
    return t->dtls != NULL;
}

static void after_dtls(struct transport *t, enum dtls_state state)
{
    uint64_t next_us;

    if (state != DTLS_HANDSHAKE)
        handshakes_end(&t->worker->handshakes, &t->handshake);

    switch (state) {
    case DTLS_HANDSHAKE:
        next_us = dtls_next_timeout_us(t->dtls);
        if (next_us == UINT64_MAX)
            wheel_stop(&t->worker->wheel, &t->dtls_timer);
        else
            wheel_start(&t->worker->wheel, &t->dtls_timer, next_us / 1000);
        break;
    case DTLS_CONNECTED:
        if (!t->srtp)
            wheel_stop(&t->worker->wheel, &t->dtls_timer);
        connect_if_ready(t);
        break;
    case DTLS_CLOSED:
        set_state(t, TRANSPORT_CLOSED, "close_notify");
        break;
    case DTLS_FAILED:
        set_state(t, TRANSPORT_FAILED, dtls_error(t->dtls));
        break;
    }
}

static void on_dtls_timer(struct wheel_timer *timer)
{
    struct transport *t = container_of(timer, struct transport, dtls_timer);

    if (!t->dtls)
        return;
    if (t->srtp) {
        t->dtls = dtls_free(t->dtls);
        return;
    }
    t->worker->now_us = clock_us();
    after_dtls(t, dtls_timeout(t->dtls));
}

bool transport_awaits_handshake(const struct transport *t)
{
    return !is_over(t) && !t->srtp && (!t->dtls || dtls_state(t->dtls) == DTLS_HANDSHAKE);
}

void transport_on_dtls(struct transport *t, const struct udp_datagram *d)
{
    enum dtls_state state;

    if (is_over(t) || (!t->dtls && (t->srtp || !begin_handshake(t, &d->from))))
        return;
    t->dtls_from = d;
    state = dtls_input(t->dtls, bytes_of(d->p, d->len));
    t->dtls_from = NULL;
    after_dtls(t, state);
}

void transport_set_remote(struct transport *t, const struct neg_peer *peer)
{
    t->has_remote = true;
    memcpy(t->fingerprint_hash, peer->fingerprint_hash, sizeof(t->fingerprint_hash));
    memcpy(t->fingerprint, peer->fingerprint, sizeof(t->fingerprint));
    t->fingerprint_len = peer->fingerprint_len;
    t->worker->now_us = clock_us();
    connect_if_ready(t);
}

static void keep_sdp(struct transport *t, struct kept_text **kept, struct bytes sdp)
{
    if (!sdp.p)
        return;
    *kept = kept_text_free(*kept);
    if (sdp.len <= MEDIA_SDP_KEPT_MAX)
        (void) kept_text_new(&t->worker->sdps, sdp, kept); /* without memory there is none */
}

void transport_keep_sdp(struct transport *t, struct bytes remote, struct bytes local)
{
    keep_sdp(t, &t->remote_sdp, remote);
    keep_sdp(t, &t->local_sdp, local);
}

/* ---- media ---- */

bool transport_on_media(struct transport *t, struct udp_datagram *d)
{
    bool is_rtcp = rtp_is_rtcp(bytes_of(d->p, d->len));
    int r;

    if (!t->srtp || is_over(t))
        return false;
    r = is_rtcp ? srtp_transport_unprotect_rtcp(t->srtp, d->p, &d->len)
                : srtp_transport_unprotect(t->srtp, d->p, &d->len);
    if (r < 0) {
        t->worker->n_bad_media++;
        if (r == -ENOSPC)
            log_limited(&t->worker->log_refused, LOG_LEVEL_NOTICE,
                        "transport %s: more than %d SSRCs, ignoring the others", t->ice.ufrag,
                        SRTP_IN_SSRC_MAX);
        return false;
    }
    if (is_rtcp) {
        t->handlers->on_rtcp(t, bytes_of(d->p, d->len), t->arg);
        return true;
    }
    t->packets_in++;
    t->bytes_in += d->len;
    t->handlers->on_rtp(t, d->p, d->len, t->arg);
    return true;
}

void transport_heard(struct transport *t, struct ice_pair *pair)
{
    if (ice_lite_heard(&t->ice, pair, t->worker->now_us / 1000))
        follow_selected(t);
}

void transport_commit(struct transport *t, const uint8_t *room, size_t len)
{
    t->packets_out++;
    t->bytes_out += len;
    t->worker->bytes_out += len;
    path_commit(&t->path, t->worker->udp, room, len);
    worker_flush_soon(t->worker);
}

void transport_send_rtcp(struct transport *t, struct bytes compound)
{
    uint8_t *room;
    size_t len = compound.len;

    if (!transport_is_connected(t) || len == 0 || len > RTCP_MAX)
        return;
    room = udp_reserve(t->worker->udp, 1);
    memcpy(room, compound.p, len);
    if (srtp_transport_protect_rtcp(t->srtp, room, &len, UDP_DATAGRAM_MAX) < 0)
        return;
    path_commit(&t->path, t->worker->udp, room, len);
    worker_flush_soon(t->worker);
}

/* ---- life ---- */

static int register_transport(struct transport *t)
{
    struct node *node = t->worker->node;
    unsigned max = (unsigned) node->config->max_transports;
    int r;

    if (atomic_fetch_add(&node->n_transports, 1) >= max) {
        atomic_fetch_sub(&node->n_transports, 1);
        return -EMFILE;
    }
    r = map_put(t->worker->by_ufrag, bytes_str(t->ice.ufrag), t);
    if (r < 0) {
        atomic_fetch_sub(&node->n_transports, 1);
        return r;
    }
    atomic_fetch_add(&t->worker->n_transports, 1);
    return 0;
}

/* It has drawn the credentials. */
static void take_agent(struct transport *t, struct agent *agent)
{
    t->agent = agent;
    memcpy(t->ice.ufrag, agent->ufrag, sizeof(t->ice.ufrag));
    memcpy(t->ice.pwd, agent->pwd, sizeof(t->ice.pwd));
}

int transport_new(struct worker *w, struct agent *agent, const struct transport_handlers *handlers,
                  void *arg, struct transport **ret_t)
{
    struct transport *t = calloc(1, sizeof(*t));
    int r;

    if (!t)
        return -ENOMEM;
    t->worker = w;
    t->handlers = handlers;
    t->arg = arg;
    t->created_us = clock_us();
    ice_lite_init(&t->ice);
    if (agent)
        take_agent(t, agent);
    wheel_timer_init(&t->dtls_timer, on_dtls_timer);
    wheel_timer_init(&t->consent_timer, on_consent_timer);
    r = register_transport(t);
    if (r < 0) {
        free(t);
        return r;
    }
    note_event(t);
    wheel_start_coarse(&w->wheel, &t->consent_timer, CONSENT_CHECK_MS);
    if (agent)
        agent->way.transport = t;
    *ret_t = t;
    return 0;
}

struct transport *transport_free(struct transport *t)
{
    struct worker *w;

    if (!t)
        return NULL;
    w = t->worker;
    if (t->connected_us != 0)
        transport_log(
            t, LOG_LEVEL_INFO,
            "transport %s ends after %" PRIu64 " s: %" PRIu64 " bytes in, %" PRIu64 " out",
            t->ice.ufrag, (clock_us() - t->connected_us) / 1000000, t->bytes_in, t->bytes_out);
    wheel_stop(&w->wheel, &t->dtls_timer);
    wheel_stop(&w->wheel, &t->consent_timer);
    if (t->dtls && dtls_state(t->dtls) == DTLS_CONNECTED) {
        dtls_close(t->dtls);
        udp_flush(w->udp);
    }
    handshakes_end(&w->handshakes, &t->handshake);
    dtls_free(t->dtls);
    srtp_transport_free(t->srtp);
    path_clear(&t->path, w->udp);
    agent_free(t->agent);
    for (unsigned i = 0; i < ICE_PAIR_MAX; i++)
        let_go(t, &t->claims[i], &t->ice.pairs[i].tuple);
    map_del(w->by_ufrag, bytes_str(t->ice.ufrag));
    atomic_fetch_sub(&w->node->n_transports, 1);
    atomic_fetch_sub(&w->n_transports, 1);
    secret_wipe(&t->ice, sizeof(t->ice));
    kept_text_free(t->remote_sdp);
    kept_text_free(t->local_sdp);
    free(t);
    return NULL;
}
