#include "media/forward.h"

#include "media/padding.h"
#include "media/subscriber.h"

#define KEY_WAIT_MAX_US 1000000
#define RTP_PADDING_BIT 0x20
#define CACHE_LINE 64
#define FETCH_STEPS SRTP_SENDER_FETCH_STEPS
#define REPLAY_STEP_US 1000 /* a hundred packets in 7 ms */

_Static_assert(HOLD_MAX <= UDP_SEGMENTS_MAX, "a run is one message");

/* ---- to one subscriber ---- */

/* A packet in its room of the slab: the header is written. */
struct outgoing {
    const struct media_packet *from;
    struct bytes payload;
    uint8_t *room;
    size_t header_len;
};

static size_t map_exts(const struct neg_map *map, const struct rtp *rtp, struct rtp_ext *ret)
{
    struct rtp_ext e;
    size_t pos = 0, n = 0;

    while (n < RTP_EXT_MAX && rtp_next_ext(rtp, &pos, &e)) {
        uint8_t id = e.id <= NEG_EXT_ID_MAX ? map->ext[e.id] : 0;

        if (id)
            ret[n++] = (struct rtp_ext){.id = id, .value = e.value};
    }
    return n;
}

/* Header h with the extensions of the packet that it stands for; returns its length. */
static size_t put_header(const struct subscriber_track *st, struct wr *w, const struct rtp *h,
                         const struct rtp *from)
{
    struct rtp_ext exts[RTP_EXT_MAX];

    rtp_put_header(w, h, exts, map_exts(&st->map, from, exts), false);
    return wr_len(w);
}

static struct wr write_to(uint8_t *room)
{
    return wr_init(room, UDP_DATAGRAM_MAX - SRTP_OVERHEAD_MAX);
}

/* A video stream begins with a key frame: what comes before would only show as a broken picture.
 * But not for ever: a payload may be of a kind that we do not understand. */
static bool must_wait(struct subscriber_track *st, const struct media_packet *p)
{
    if (!st->waits_for_key)
        return false;
    if (st->waits_since_us == 0)
        st->waits_since_us = p->now_us;
    if (!p->starts_key_frame && p->now_us - st->waits_since_us < KEY_WAIT_MAX_US)
        return true;
    st->waits_for_key = false;
    return false;
}

/* False: this subscriber does not get the packet. */
static bool begin_packet(struct subscriber_track *st, const struct media_packet *p, uint8_t *room,
                         struct outgoing *ret)
{
    struct bytes payload = p->rtp.payload;
    struct wr w = write_to(room);
    struct rtp h = p->rtp;
    uint64_t seq;

    if (must_wait(st, p))
        return false;
    h.pt = st->map.pt[p->rtp.pt & 0x7f];
    if (p->rtp.pt == st->map.unwraps)
        payload = rtp_red_primary(payload);
    if (h.pt == 0 || payload.len == 0) { /* not negotiated, or a bandwidth probe */
        rewrite_drop(&st->rewrite, p->seq);
        return false;
    }
    if (rewrite_map(&st->rewrite, p->seq, p->rtp.ts, p->now_us, &seq, &h.ts) < 0)
        return false;
    h.seq = (uint16_t) seq;
    h.ssrc = st->ssrc;
    if (seq < st->rewrite.highest_out)
        retransmit_note(&st->retransmit, h.seq, p->now_us);
    *ret = (struct outgoing){p, payload, room, put_header(st, &w, &h, &p->rtp)};
    return !w.failed && wr_left(&w) >= payload.len;
}

static void finish_packet(struct subscriber_track *st, const struct outgoing *o, uint8_t padding)
{
    struct bytes payload = o->payload;
    size_t len;

    if (padding > 0)
        o->room[0] |= RTP_PADDING_BIT;
    if (srtp_sender_seal(st->sender, o->room, UDP_DATAGRAM_MAX, o->header_len, payload, padding,
                         &len) < 0)
        return;
    transport_commit(st->transport, o->room, len);
    sending_packet(&st->sending, payload.len);
    retransmit_earn(&st->retransmit);
}

/* Packets in a row, at most HOLD_MAX. */
static void forward_to(struct subscriber_track *st, const struct media_packet *run, unsigned n)
{
    const struct transport *t = st->transport;
    struct outgoing out[HOLD_MAX];
    uint16_t sizes[HOLD_MAX];
    uint8_t padding[HOLD_MAX];
    uint8_t *room;
    unsigned n_out = 0;

    if (!transport_is_connected(t))
        return;
    room = udp_reserve(t->worker->udp, n);
    for (unsigned i = 0; i < n; i++) {
        if (!begin_packet(st, &run[i], room, &out[n_out]))
            continue;
        sizes[n_out] = (uint16_t) (out[n_out].header_len + out[n_out].payload.len);
        n_out++;
        room += UDP_ROOM_SIZE;
    }
    padding_plan(sizes, n_out, padding);
    for (unsigned i = 0; i < n_out; i++)
        finish_packet(st, &out[i], padding[i]);
}

void forward_again(struct subscriber_track *st, const struct rtp *from, uint16_t out_seq,
                   uint64_t now_us)
{
    struct transport *t = st->transport;
    struct rtp h = *from;
    size_t header_len, len;
    uint8_t *room;
    struct wr w;

    h.pt = st->map.rtx_pt[from->pt & 0x7f];
    if (h.pt == 0 || !st->rtx_sender ||
        !retransmit_grant(&st->retransmit, out_seq, rtt_us(&st->rtt), now_us))
        return;
    st->repeated++;
    h.ssrc = st->rtx_ssrc;
    h.seq = (uint16_t) st->rtx_seq++;
    h.ts = rewrite_ts(&st->rewrite, from->ts);
    room = udp_reserve(t->worker->udp, 1);
    w = write_to(room);
    header_len = put_header(st, &w, &h, from);
    wr_u16(&w, out_seq);
    wr_bytes(&w, from->payload);
    if (wr_finish(&w, &len) == 0 &&
        srtp_sender_protect(st->rtx_sender, bytes_of(room, len), header_len, room, UDP_DATAGRAM_MAX,
                            &len) == 0)
        transport_commit(t, room, len);
}

/* ---- a track's packets ---- */

static bool starts_key_frame(const struct track *k, const struct rtp *rtp)
{
    const struct publisher *p = k->publisher;
    const struct payload_type *pt = &p->payload_types[rtp->pt & 0x7f];

    return k->kind == SDP_VIDEO &&
           rtp_starts_key_frame(p->neg.media[k->kind].codecs[pt->codec].codec, rtp->payload);
}

/* A packet of the history; false: it is none. */
static bool recall(const struct track *k, struct bytes packet, uint64_t seq, uint64_t now_us,
                   struct media_packet *ret)
{
    if (!packet.p || rtp_decode(packet, &ret->rtp) < 0)
        return false;
    ret->seq = seq;
    ret->now_us = now_us;
    ret->starts_key_frame = starts_key_frame(k, &ret->rtp);
    return true;
}

static void fetch(const void *p, size_t len)
{
    for (size_t at = 0; at < len; at += CACHE_LINE)
        __builtin_prefetch((const char *) p + at);
}

/* Fetches what serving the subscriber will need, in steps of which each needs what the one before
 * has fetched. The first two lines of st are there. */
static void fetch_track(const struct subscriber_track *st, const struct rtp *rtp, unsigned step)
{
    switch (step) {
    case 0:
        fetch(&st->sending, offsetof(struct subscriber_track, rewrite.runs) -
                                offsetof(struct subscriber_track, sending));
        fetch(&st->map.pt[rtp->pt & 0x7f], 1);
        fetch(st->map.ext, 1);
        fetch(st->transport, offsetof(struct transport, packets_in));
        srtp_sender_fetch(st->sender, 0);
        break;
    default:
        srtp_sender_fetch(st->sender, step);
        break;
    }
}

/* One whose replay has not come so far yet gets the packets by that. */
static void serve(struct subscriber_track *st, const struct media_packet *run, unsigned n)
{
    if (list_empty(&st->replay_node) || run[n - 1].seq < st->replay_seq)
        forward_to(st, run, n);
}

/* To the mirrors, and to the subscribers here: while one is served, what the next ones need is on
 * its way from memory. */
static void to_all(struct track *k, const struct media_packet *run, unsigned n)
{
    struct list *head = &k->subscribers, *at[FETCH_STEPS + 1];

    mirror_forward(k, run, n);
    if (k->kind == SDP_VIDEO && k->publisher->video_held)
        return;
    for (unsigned i = 0; i <= FETCH_STEPS; i++)
        at[i] = head->next;
    for (unsigned turn = 0; at[FETCH_STEPS] != head; turn++) {
        for (unsigned i = 0; i <= FETCH_STEPS && i <= turn; i++) {
            struct subscriber_track *st = container_of(at[i], struct subscriber_track, node);

            if (at[i] == head)
                continue;
            at[i] = at[i]->next;
            if (i == 0)
                fetch(container_of(at[i], struct subscriber_track, node), 2 * CACHE_LINE);
            if (i < FETCH_STEPS)
                fetch_track(st, &run[0].rtp, i);
            else
                serve(st, run, n);
        }
    }
}

void forward_held(struct track *k, uint64_t now_us)
{
    struct media_packet run[HOLD_MAX];
    struct hold *h = &k->hold;
    unsigned n = 0;

    for (unsigned i = 0; i < h->n; i++) {
        struct bytes packet = history_find(k->history, h->seqs[i], now_us);

        if (recall(k, packet, h->seqs[i], now_us, &run[n])) /* not pushed out meanwhile */
            n++;
    }
    hold_clear(h);
    list_del(&k->held_node);
    if (n > 0)
        to_all(k, run, n);
}

void forward_forget(struct track *k)
{
    struct subscriber_track *st;

    list_for_each (st, &k->subscribers, node)
        list_del(&st->replay_node);
    k->hold = (struct hold){.n = 0};
    list_del(&k->held_node);
}

void forward_packet(struct track *k, const struct media_packet *m)
{
    struct worker *w = k->publisher->router->worker;
    enum hold_verdict v = HOLD_LATE;

    if (list_empty(&k->subscribers) && list_empty(&k->publisher->sinks))
        return;
    if (k->kind == SDP_VIDEO && k->history)
        v = hold_put(&k->hold, m->seq, m->rtp.ts, m->rtp.marker, m->now_us);
    if (v == HOLD_FULL) {
        forward_held(k, m->now_us);
        v = hold_put(&k->hold, m->seq, m->rtp.ts, m->rtp.marker, m->now_us);
    }
    if (v == HOLD_LATE) {
        to_all(k, m, 1);
        return;
    }
    if (list_empty(&k->held_node))
        list_append(&w->held, &k->held_node);
    worker_flush_soon(w); /* it may have come another way than in a round of the UDP socket */
}

/* ---- replays ---- */

/* The next run, up to what is held; a shorter one is the last. */
static void replay_run(struct subscriber_track *st, uint64_t now_us)
{
    const struct track *k = &st->subscriber->source->tracks[st->kind];
    uint64_t end = k->hold.n > 0 ? k->hold.seqs[0] : UINT64_MAX, seq = st->replay_seq;
    struct media_packet run[HOLD_MAX];
    struct bytes packet;
    unsigned n = 0;

    while (n < HOLD_MAX && (packet = history_next(k->history, seq, now_us, &seq)).p && seq < end)
        n += recall(k, packet, seq++, now_us, &run[n]);
    st->replay_seq = seq;
    st->replay_due_us = now_us + REPLAY_STEP_US;
    if (n < HOLD_MAX)
        list_del(&st->replay_node);
    forward_to(st, run, n);
}

void forward_replay(struct subscriber_track *st, uint64_t from_seq, uint64_t now_us)
{
    struct worker *w = st->subscriber->router->worker;

    st->replay_seq = from_seq;
    list_del(&st->replay_node);
    list_append(&w->replays, &st->replay_node);
    replay_run(st, now_us);
    worker_flush_soon(w);
}

uint64_t forward_due(struct worker *w, uint64_t now_us)
{
    uint64_t next_us = UINT64_MAX;
    struct subscriber_track *st;
    struct track *k;

    list_for_each (k, &w->held, held_node) {
        uint64_t due_us = k->hold.since_us + HOLD_US;

        if (hold_is_due(&k->hold, now_us))
            forward_held(k, now_us);
        else if (due_us < next_us)
            next_us = due_us;
    }
    list_for_each (st, &w->replays, replay_node) {
        if (st->replay_due_us <= now_us)
            replay_run(st, now_us);
        if (!list_empty(&st->replay_node) && st->replay_due_us < next_us)
            next_us = st->replay_due_us;
    }
    return next_us;
}
