#include "media/demux.h"

#include "media/transport.h"

#define DISPUTED_MAX 2048 /* no larger datagram is received */

static void on_stun(struct worker *w, const struct udp_datagram *d)
{
    struct transport *t;
    struct stun m;

    if (stun_decode(bytes_of(d->p, d->len), &m) < 0) {
        w->n_junk++;
        return;
    }
    t = map_get(w->by_ufrag, ice_lite_local_ufrag(&m));
    if (!t) /* peers of closed transports go on for a while: silence */
        return;
    if (t->agent) /* that has sockets of its own */
        return;
    if (d->way && d->way->transport && d->way->transport != t) /* a way has room for one */
        return;
    transport_on_check(t, &m, d);
}

static void on_junk(struct worker *w, const struct udp_datagram *d)
{
    char text[ADDR_TEXT_SIZE];

    w->n_junk++;
    log_limited(&w->junk, LOG_LEVEL_INFO, "datagram of no transport from %s, ignoring",
                addr_format(&d->from, text));
}

static bool is_media(const struct udp_datagram *d)
{
    return d->p[0] >= 128 && d->p[0] < 192;
}

static bool is_dtls(const struct udp_datagram *d)
{
    return d->p[0] >= 20 && d->p[0] < 64;
}

static bool take_media(struct tuple_claim *c, struct udp_datagram *d)
{
    if (!transport_on_media(c->transport, d))
        return false;
    transport_heard(c->transport, c->pair);
    return true;
}

/* Several claim the tuple: it is for the one whose keys fit. Decrypting in vain spoils the bytes.
 */
static void on_disputed_media(struct tuple_claim *c, struct udp_datagram *d)
{
    uint8_t copy[DISPUTED_MAX];
    size_t len = d->len;

    if (len > sizeof(copy))
        return;
    memcpy(copy, d->p, len);
    for (; c; c = tuple_claim_next(c)) {
        if (take_media(c, d)) {
            tuple_claim_prefer(c);
            return;
        }
        memcpy(d->p, copy, len);
        d->len = len;
    }
}

/* Handshakes cannot be told apart by keys: it is that of the first transport that waits for one and
 * whose client is alive, else the repetition of one that is over. Who wants to come before another
 * would have to claim that one's port before its first check. */
static struct transport *handshakes_with(const struct worker *w, const struct tuple_claim *c)
{
    struct transport *over = NULL;

    for (; c; c = tuple_claim_next(c)) {
        struct transport *t = c->transport;

        if (transport_awaits_handshake(t) && !tuple_claim_is_stale(c, w->now_us / 1000))
            return t;
        if (t->dtls && !over)
            over = t;
    }
    return over;
}

static void on_dtls(const struct worker *w, const struct tuple_claim *c,
                    const struct udp_datagram *d)
{
    struct transport *t = handshakes_with(w, c);

    if (t)
        transport_on_dtls(t, d);
}

static void on_udp(struct worker *w, struct udp_datagram *d)
{
    struct tuple_claim *c = tuple_table_find(w->tuples, &d->from, &d->to);

    if (c && is_media(d) && !tuple_claim_next(c))
        (void) take_media(c, d);
    else if (c && is_media(d))
        on_disputed_media(c, d);
    else if (c && is_dtls(d))
        on_dtls(w, c, d);
    else
        on_junk(w, d);
}

static void on_other_way(struct worker *w, struct udp_datagram *d)
{
    struct transport *t = d->way->transport;
    struct tuple tuple = tuple_of(d);
    struct ice_pair *pair;

    if (t && is_media(d)) {
        pair = transport_on_media(t, d) ? ice_lite_find(&t->ice, &tuple) : NULL;
        if (pair)
            transport_heard(t, pair);
    } else if (t && is_dtls(d)) {
        transport_on_dtls(t, d);
    } else {
        on_junk(w, d);
    }
}

void demux_datagram(struct udp_datagram *d, void *worker)
{
    struct worker *w = worker;

    if (d->p[0] < 4)
        on_stun(w, d);
    else if (d->way)
        on_other_way(w, d);
    else
        on_udp(w, d);
}
