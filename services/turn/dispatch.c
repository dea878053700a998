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
    return rq->alloc && memcmp(rq->alloc->key, rq->key, sizeof(rq->key)) == 0;
}

static unsigned refuse_user(struct request *rq, const char *why)
{
    char client[ADDR_TEXT_SIZE];

    log_limited(&rq->turn->log_refused, LOG_LEVEL_NOTICE, "%s refused: %s",
                addr_format(&rq->flow->client, client), why);
    return 401;
}

/* 0 or an error code; sets key and has_key. A user name whose time is over may go on with what
 * was allocated in time: calls last longer than tokens. */
static unsigned authenticate(struct request *rq)
{
    enum auth_verdict v = auth_check(rq->turn->auth, rq->msg, &rq->flow->client, rq->now_ms,
                                     rq->turn->wall_ms, rq->key);

    switch (v) {
    case AUTH_OK:
        rq->has_key = true;
        return 0;
    case AUTH_EXPIRED:
        rq->has_key = is_owner(rq);
        return rq->has_key ? 0 : refuse_user(rq, "credentials expired");
    case AUTH_REVOKED:
        return refuse_user(rq, "credentials revoked");
    case AUTH_STALE:
        return 438;
    case AUTH_INCOMPLETE:
        return 400;
    case AUTH_WRONG:
        return refuse_user(rq, "wrong credentials");
    case AUTH_NONE:
        break;
    }
    return 401;
}

/* Without credentials, and not what a client begins with: such requests are short and a challenge
 * is long, and whoever writes another's address into them would make us send it there. */
static unsigned check_stranger(const struct request *rq, const struct method *m)
{
    if (rq->msg->integrity.p || rq->alloc)
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
