/* What a client's datagram is, who sent it, and who deals with it. */
#include "base/log.h"
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
    return rq->alloc && bytes_eq(quota_user_name(rq->alloc->quota_user), rq->user.name);
}

/* 0 or an error code; sets user and has_key. A user name whose time is over may go on with what
 * was allocated in time: calls last longer than tokens. */
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
    stats_add(&rq->turn->stats, no->stat, 1);
    if (no->why)
        log_limited(&rq->turn->log_refused, LOG_LEVEL_NOTICE, "%s refused: %s",
                    addr_format(&rq->flow->client, client), no->why);
    return no->code;
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

static unsigned check(struct request *rq, const struct method *m)
{
    uint16_t unknown[STUN_UNKNOWN_MAX + 1];
    unsigned code = 0;

    if (m->needs_user) {
        rq->alloc = alloc_find(rq->turn->allocs, rq->flow, rq->now_ms);
        code = check_stranger(rq, m);
        if (code == 0)
            code = authenticate(rq);
    }
    if (code != 0)
        return code;
    if (request_unknown(rq->msg, unknown) > 0)
        return 420;
    if (!m->needs_alloc)
        return 0;
    if (!rq->alloc)
        return 437;
    return is_owner(rq) ? 0 : 441;
}

static void on_request(struct request *rq)
{
    const struct method *m = find_method(rq->msg->method);
    unsigned code;

    if (!m)
        return;
    code = check(rq, m);
    if (code != 0)
        request_reject(rq, code);
    else
        m->fn(rq);
}

static void on_stun(struct turn *t, const struct flow *flow, struct bytes datagram)
{
    struct stun m;

    if (stun_decode(datagram, &m) < 0 || (m.has_fingerprint && !m.fingerprint_ok))
        return;
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
