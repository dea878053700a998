#include "turn/request.h"

static const char *phrase(unsigned code)
{
    switch (code) {
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 420:
        return "Unknown Attribute";
    case 437:
        return "Allocation Mismatch";
    case 440:
        return "Address Family not Supported";
    case 441:
        return "Wrong Credentials";
    case 442:
        return "Unsupported Transport Protocol";
    case 443:
        return "Peer Address Family Mismatch";
    case 486:
        return "Allocation Quota Reached";
    case 508:
        return "Insufficient Capacity";
    default:
        return "";
    }
}

static struct wr begin(const struct request *rq, enum stun_class class, uint8_t *buf)
{
    struct wr w = wr_init(buf, REPLY_MAX);

    stun_begin(&w, class, rq->msg->method, rq->msg->tid);
    return w;
}

struct wr request_reply(const struct request *rq, uint8_t buf[static REPLY_MAX])
{
    return begin(rq, STUN_SUCCESS, buf);
}

void request_send(const struct request *rq, struct wr *w)
{
    size_t len;

    if (rq->has_key)
        auth_put_integrity(&rq->user, w);
    if (rq->msg->has_fingerprint)
        stun_put_fingerprint(w);
    if (stun_finish(w, &len) == 0)
        flow_send(rq->flow, bytes_of(w->start, len), bytes_of(NULL, 0));
}

unsigned request_unknown(const struct stun *m, uint16_t ret[static STUN_UNKNOWN_MAX + 1])
{
    unsigned n = m->n_unknown;

    memcpy(ret, m->unknown, n * sizeof(ret[0]));
    if (m->dont_fragment)
        ret[n++] = STUN_ATTR_DONT_FRAGMENT;
    return n;
}

void request_reject(const struct request *rq, unsigned code)
{
    uint16_t unknown[STUN_UNKNOWN_MAX + 1];
    uint8_t buf[REPLY_MAX];
    struct wr w = begin(rq, STUN_ERROR, buf);

    /* Strangers get no words: without them answers are hardly larger than questions. */
    stun_put_error(&w, code, rq->has_key ? phrase(code) : "");
    if (code == 401 || code == 438)
        auth_put_challenge(rq->turn->auth, &rq->flow->client, rq->now_ms, &w);
    if (code == 420)
        stun_put_unknown(&w, unknown, request_unknown(rq->msg, unknown));
    request_send(rq, &w);
}
