/* The Allocate request (RFC 8656 section 7.2). */
#include "turn/methods.h"

#include "base/log.h"
#include "turn/forward.h"

#include <errno.h>
#include <unistd.h>

#define PROTOCOL_UDP 17

static void reply_allocated(const struct request *rq)
{
    const struct alloc *a = rq->alloc;
    uint8_t buf[REPLY_MAX];
    struct wr w = request_reply(rq, buf);

    for (size_t i = 0; i < 2; i++) {
        if (a->relays[i].fn)
            stun_put_xor_addr(&w, STUN_ATTR_XOR_RELAYED_ADDRESS, &a->relayed[i]);
    }
    stun_put_u32(&w, STUN_ATTR_LIFETIME, a->lifetime_s);
    if (a->has_reservation)
        stun_put_bytes(&w, STUN_ATTR_RESERVATION_TOKEN,
                       bytes_of(a->reservation_token, sizeof(a->reservation_token)));
    stun_put_xor_addr(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, &rq->flow->client);
    if (a->missing_code != 0)
        stun_put_address_error(&w, a->missing_family, a->missing_code, "");
    request_send(rq, &w);
}

/* Steps 3 to 9 as far as the request alone tells: 0 or an error code. Which of several faults is
 * told is decided by their order. */
static unsigned check_allocate(const struct stun *m)
{
    if (!m->has_requested_transport)
        return 400;
    if (m->requested_transport != PROTOCOL_UDP)
        return 442;
    if (m->reservation_token.p &&
        (m->has_even_port || m->has_requested_family || m->has_additional_family))
        return 400;
    if (m->has_requested_family && m->has_additional_family)
        return 400;
    if (m->has_requested_family && request_family(m->requested_family) == 0)
        return 440;
    if (m->has_additional_family &&
        (m->even_port_reserve || m->additional_family != STUN_FAMILY_IPV6))
        return 400;
    return 0;
}

static unsigned code_of(int error)
{
    switch (error) {
    case -EKEYREVOKED:
        return 401;
    case -EDQUOT:
        return 486;
    case -EAFNOSUPPORT:
    case -EADDRNOTAVAIL:
        return 440;
    default:
        return 508;
    }
}

/* Takes over the socket. */
static int use_socket(struct turn *t, struct alloc *a, int fd, const struct addr *bound)
{
    const struct addr *external = &t->external_ip;
    bool v6 = bound->family == AF_INET6;
    struct relay *relay = &a->relays[v6];
    int r = relay_open(relay, t, fd, bound, forward_peer_data, a);

    if (r < 0)
        return r;
    relay->error_fn = forward_peer_error;
    a->turn = t;
    a->relayed[v6] = external->family == bound->family ? *external : *bound;
    a->relayed[v6].port = bound->port;
    return 0;
}

/* Takes over the socket. */
static int reserve(struct request *rq, struct alloc *a, int fd, const struct addr *bound)
{
    int r = reservations_put(rq->turn->reservations, rq->user.name, fd, bound, rq->now_ms,
                             a->reservation_token);

    if (r < 0)
        close(fd);
    a->has_reservation = r == 0;
    return r;
}

static enum relay_port wanted_port(const struct stun *m)
{
    if (!m->has_even_port)
        return RELAY_ANY_PORT;
    return m->even_port_reserve ? RELAY_PORT_PAIR : RELAY_EVEN_PORT;
}

static int open_relay(struct request *rq, struct alloc *a, int family)
{
    enum relay_port port = wanted_port(rq->msg);
    struct turn *t = rq->turn;
    struct addr ip, bound[2] = {{0}};
    int fds[2] = {-1, -1};
    int r = turn_relay_ip(t, &rq->flow->local, family, &ip);

    if (r == 0 && port == RELAY_PORT_PAIR && !t->reservations)
        r = -ENOSPC;
    if (r == 0)
        r = relay_bind(&ip, &t->config->relay_ports, port, fds, bound);
    if (r < 0)
        return r;
    r = use_socket(t, a, fds[0], &bound[0]);
    if (fds[1] >= 0 && r < 0)
        close(fds[1]);
    else if (fds[1] >= 0)
        r = reserve(rq, a, fds[1], &bound[1]);
    return r;
}

/* Step 9: when one of the two can be had, that is a success, and the client is told why the other
 * one is missing. */
static int open_both(struct request *rq, struct alloc *a)
{
    int r4 = open_relay(rq, a, AF_INET);
    int r6 = open_relay(rq, a, AF_INET6);

    if (r4 < 0 && r6 < 0)
        return r4 == r6 ? r4 : -ENOSPC;
    if (r4 < 0 || r6 < 0) {
        a->missing_code = (uint16_t) code_of(r4 < 0 ? r4 : r6);
        a->missing_family = r4 < 0 ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6;
    }
    return 0;
}

static int allocate_new(struct request *rq, struct alloc **ret_alloc)
{
    const struct stun *m = rq->msg;
    struct alloc *a;
    int r = alloc_new(rq->turn->allocs, rq->flow, rq->user.name, &a);

    if (r < 0)
        return r;
    if (m->has_additional_family)
        r = open_both(rq, a);
    else
        r = open_relay(rq, a,
                       m->has_requested_family ? request_family(m->requested_family) : AF_INET);
    if (r < 0) {
        alloc_free(a);
        return r;
    }
    *ret_alloc = a;
    return 0;
}

static int allocate_reserved(struct request *rq, struct alloc **ret_alloc)
{
    struct turn *t = rq->turn;
    struct reservation kept;
    struct alloc *a;
    int r = t->reservations ? alloc_new_reserved(t->allocs, rq->flow, &a) : -ENOENT;

    if (r < 0)
        return r;
    r = reservations_take(t->reservations, rq->msg->reservation_token.p, rq->user.name, rq->now_ms,
                          &kept);
    if (r == 0) {
        a->quota_user = kept.quota_user;
        r = use_socket(t, a, kept.fd, &kept.bound);
    }
    if (r < 0) {
        alloc_free(a);
        return r;
    }
    *ret_alloc = a;
    return 0;
}

static void log_allocated(const struct alloc *a)
{
    char client[ADDR_TEXT_SIZE], relayed[ADDR_TEXT_SIZE];

    for (size_t i = 0; i < 2; i++) {
        if (a->relays[i].fn)
            alloc_log(a, "%s has %s for %u s", addr_format(&a->flow.client, client),
                      addr_format(&a->relayed[i], relayed), a->lifetime_s);
    }
}

static void log_failure(const struct request *rq, int error)
{
    char client[ADDR_TEXT_SIZE];

    log_limited(&rq->turn->log_failed, LOG_LEVEL_WARNING, "no allocation for %s: %s",
                addr_format(&rq->flow->client, client), strerror(-error));
}

static void allocate(struct request *rq)
{
    const struct stun *m = rq->msg;
    struct alloc *a = NULL;
    int r = m->reservation_token.p ? allocate_reserved(rq, &a) : allocate_new(rq, &a);

    if (r < 0) {
        log_failure(rq, r);
        request_reject(rq, code_of(r));
        return;
    }
    memcpy(a->tid, m->tid, sizeof(a->tid));
    a->key = rq->user.key;
    alloc_extend(a, 0, alloc_lifetime_for(m->has_lifetime ? &m->lifetime_s : NULL), rq->now_ms);
    stats_add(&rq->turn->stats, STAT_ALLOCATIONS_MADE + rq->flow->transport->kind, 1);
    rq->alloc = a;
    log_allocated(a);
    reply_allocated(rq);
}

/* The request that made the allocation, once more: its answer was lost. */
static bool is_repeated(const struct request *rq)
{
    const struct alloc *a = rq->alloc;

    return memcmp(a->tid, rq->msg->tid, sizeof(a->tid)) == 0 &&
           quota_user_is_named(a->quota_user, rq->user.name);
}

void method_allocate(struct request *rq)
{
    struct addr alternate;
    unsigned code;

    if (rq->alloc && is_repeated(rq)) {
        reply_allocated(rq);
        return;
    }
    code = rq->alloc ? 437 : check_allocate(rq->msg);
    /* A reserved port is nowhere but here. */
    if (code == 0 && !rq->msg->reservation_token.p && request_alternate(rq, &alternate))
        code = 300;
    if (code != 0)
        request_reject(rq, code);
    else
        allocate(rq);
}
