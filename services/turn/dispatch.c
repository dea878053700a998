/* What a client's datagram is, who sent it, and who deals with it. */
#include "base/log.h"
#include "turn/classic.h"
#include "turn/forward.h"
#include "turn/methods.h"

static const struct method {
    enum stun_method method;
    bool needs_user, needs_alloc;
    void (*fn)(struct request *rq);
} methods[] = {
    {STUN_BINDING, false, false, method_binding},
    {STUN_ALLOCATE, true, false, method_allocate},
    {STUN_REFRESH, true, true, method_refresh},
    {STUN_CREATE_PERMISSION, true, true, method_create_permission},
    {STUN_CHANNEL_BIND, true, true, method_channel_bind},
};

static const struct method *find_method(enum stun_method method)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (methods[i].method == method)
            return &methods[i];
    }
    return NULL;
}

static bool is_owner(const struct request *rq)
{
    return rq->alloc && quota_user_is_named(rq->alloc->quota_user, rq->user.name);
}

/* A realm and a nonce must not be more than 2.5 times what was asked with, even where the asking
 * has the address of a client whose allocation is there: at least one attribute beside FINGERPRINT.
 */
static bool may_be_challenged(const struct stun *m)
{
    return m->raw.len >= STUN_HEADER_SIZE + (m->has_fingerprint ? 16 : 8);
}

/* 0 or an error code; sets user, has_key and refused_as. A user name whose time is over may go on
 * with what was allocated in time: calls last longer than tokens. */
static unsigned authenticate(struct request *rq)
{
    const struct alloc *a = rq->alloc;
    const struct auth_request ask = {
        .msg = rq->msg,
        .client = &rq->flow->client,
        .now_ms = rq->now_ms,
        .wall_ms = rq->turn->wall_ms,
        .known_key = a ? &a->key : NULL,
        .known_name = a ? quota_user_name(a->quota_user) : bytes_of(NULL, 0),
    };
    enum auth_verdict v = auth_check(rq->turn->auth, &ask, &rq->user);
    const struct auth_refusal *no = &auth_refusals[v];
    char client[ADDR_TEXT_SIZE];

    rq->has_key = v == AUTH_OK || (v == AUTH_EXPIRED && is_owner(rq));
    if (rq->has_key)
        return 0;
    rq->refused_as = no->stat;
    if (no->why)
        log_limited(&rq->turn->log_refused, LOG_LEVEL_NOTICE, "%s refused: %s",
                    addr_format(&rq->flow->client, client), no->why);
    return v == AUTH_NONE && !may_be_challenged(rq->msg) ? 400 : no->code;
}

/* Without credentials, and not what a client begins with: such requests are short and a challenge
 * is long, and whoever writes another's address into them would make us send it there. */
static unsigned check_stranger(const struct request *rq, const struct method *m)
{
    if (auth_is_signed(rq->msg) || rq->alloc)
        return 0;
    if (m->needs_alloc)
        return 437;
    return rq->msg->has_requested_transport ? 0 : 400;
}

/* After the sender is known: RFC 8489 section 6.3.1, RFC 8656 section 5. */
static unsigned check_request(const struct request *rq, const struct method *m)
{
    if (rq->msg->n_unknown > 0)
        return 420;
    if (rq->msg->malformed)
        return 400;
    if (!m->needs_alloc)
        return 0;
    if (!rq->alloc)
        return 437;
    return is_owner(rq) ? 0 : 441;
}

static void answer(struct request *rq, const struct method *m, unsigned code)
{
    if (code == 0)
        code = check_request(rq, m);
    if (code != 0)
        request_reject(rq, code);
    else
        m->fn(rq);
}

/* Did what we sent to this address arrive there? Else anybody may have written it. */
static bool is_proven(const struct request *rq)
{
    return rq->flow->transport->kind != TRANSPORT_UDP ||
           (auth_is_signed(rq->msg) &&
            nonce_is_valid(&rq->turn->auth->nonces, &rq->flow->client, rq->now_ms, rq->msg->nonce));
}

/* Costs a stranger's network a part of its share, before anything is computed for him. Those who
 * turn out to be no strangers have it back. */
static void on_stranger(struct request *rq, const struct method *m)
{
    const struct addr *client = &rq->flow->client;
    bool proven = is_proven(rq);
    unsigned code;

    if (!ratelimit_take(rq->turn->logins, client, proven, rq->now_ms)) {
        stats_add(&rq->turn->stats, STAT_UNANSWERED, 1);
        return;
    }
    code = check_stranger(rq, m);
    if (code == 0)
        code = authenticate(rq);
    if (rq->has_key || code == 438)
        ratelimit_give(rq->turn->logins, client, proven);
    answer(rq, m, code);
}

/* Of a flow with an allocation: whoever has its key is answered in any case. Anybody may have
 * written its address into the rest, which costs what a stranger's costs. */
static void on_known_flow(struct request *rq, const struct method *m)
{
    unsigned code = authenticate(rq);

    if (rq->has_key || code == 438 ||
        ratelimit_take(rq->turn->logins, &rq->flow->client, is_proven(rq), rq->now_ms))
        answer(rq, m, code);
    else
        stats_add(&rq->turn->stats, STAT_UNANSWERED, 1);
}

static void on_binding(struct request *rq, const struct method *m)
{
    if (ratelimit_take(rq->turn->bindings, &rq->flow->client,
                       rq->flow->transport->kind != TRANSPORT_UDP, rq->now_ms))
        answer(rq, m, 0);
    else
        stats_add(&rq->turn->stats, STAT_UNANSWERED, 1);
}

static void on_request(struct request *rq)
{
    const struct method *m = find_method(rq->msg->method);

    if (!m)
        return;
    if (rq->msg->malformed && !auth_is_signed(rq->msg)) {
        stats_add(&rq->turn->stats, STAT_MALFORMED, 1);
        return;
    }
    if (!m->needs_user) {
        on_binding(rq, m);
        return;
    }
    rq->alloc = alloc_find(rq->turn->allocs, rq->flow, rq->now_ms);
    if (rq->alloc)
        on_known_flow(rq, m);
    else
        on_stranger(rq, m);
}

static void on_stun(struct turn *t, const struct flow *flow, struct bytes datagram)
{
    struct stun m;

    if (classic_on_datagram(t, flow, datagram))
        return;
    if (stun_decode_form(datagram, &m) < 0 || (m.has_fingerprint && !m.fingerprint_ok)) {
        stats_add(&t->stats, STAT_MALFORMED, 1);
        return;
    }
    auth_hide_unsupported(t->auth, &m);
    if (m.class == STUN_REQUEST)
        on_request(&(struct request){.turn = t, .flow = flow, .msg = &m, .now_ms = t->now_ms});
    else if (m.class == STUN_INDICATION && m.method == STUN_SEND)
        forward_send(t, flow, &m);
}

/* The first byte tells (RFC 8656 section 12, RFC 7983). */
void turn_on_datagram(struct turn *t, const struct flow *flow, struct bytes datagram)
{
    if (datagram.len == 0)
        return;
    if (datagram.p[0] < 0x40)
        on_stun(t, flow, datagram);
    else
        forward_chandata(t, flow, datagram);
}
