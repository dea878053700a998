#include "turn/request.h"

#define SOFTWARE "Visavis"

static const char *phrase(unsigned code)
{
    switch (code) {
    case 300:
        return "Try Alternate";
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

static enum turn_stat stat_of(const struct request *rq, unsigned code)
{
    switch (code) {
    case 401:
        return rq->refused_as;
    case 403:
        return STAT_REFUSED_PEER;
    case 438:
        return STAT_REFUSED_STALE;
    case 486:
        return STAT_REFUSED_QUOTA;
    case 508:
        return STAT_REFUSED_CAPACITY;
    default:
        return STAT_REFUSED_OTHER;
    }
}

int request_family(uint8_t requested)
{
    return requested == STUN_FAMILY_IPV4 ? AF_INET : requested == STUN_FAMILY_IPV6 ? AF_INET6 : 0;
}

/* The attribute must be of the client's own family. The setting names the port for plain
 * transports; encrypted ones have the same port there as here. */
bool request_alternate(const struct request *rq, struct addr *ret)
{
    const struct flow *flow = rq->flow;
    bool encrypted =
        flow->transport->kind == TRANSPORT_TLS || flow->transport->kind == TRANSPORT_DTLS;

    if (rq->turn->alternate_server.family != flow->client.family)
        return false;
    *ret = rq->turn->alternate_server;
    if (encrypted)
        ret->port = flow->local.port;
    return true;
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

/* RFC 8656 section 5 wants SOFTWARE in answers to Allocate and Refresh; strangers get the shortest
 * ones. */
static bool tells_software(const struct request *rq)
{
    return rq->has_key && (rq->msg->method == STUN_ALLOCATE || rq->msg->method == STUN_REFRESH);
}

void request_send(const struct request *rq, struct wr *w)
{
    size_t len;

    if (tells_software(rq))
        stun_put_bytes(w, STUN_ATTR_SOFTWARE, bytes_str(SOFTWARE));
    if (rq->has_key)
        auth_put_integrity(&rq->user, w);
    if (rq->msg->has_fingerprint)
        stun_put_fingerprint(w);
    if (stun_finish(w, &len) == 0)
        flow_send(rq->flow, bytes_of(w->start, len), bytes_of(NULL, 0));
}

void request_reject(const struct request *rq, unsigned code)
{
    struct addr alternate;
    uint8_t buf[REPLY_MAX];
    struct wr w = begin(rq, STUN_ERROR, buf);

    /* Strangers get no words: without them answers are hardly larger than questions. */
    stun_put_error(&w, code, rq->has_key ? phrase(code) : "");
    if (code == 401 || code == 438)
        auth_put_challenge(rq->turn->auth, &rq->flow->client, rq->now_ms, &w);
    if (code == 420)
        stun_put_unknown(&w, rq->msg->unknown, rq->msg->n_unknown);
    if (code == 300 && request_alternate(rq, &alternate))
        stun_put_addr(&w, STUN_ATTR_ALTERNATE_SERVER, &alternate);
    stats_add(&rq->turn->stats, stat_of(rq, code), 1);
    request_send(rq, &w);
}
