/* media_scene.h: a stream of a worker that one watches, what the worker keeps of it, and datagrams
 * to it from anywhere: they seem to come from whatever address. */
#pragma once

#include "media_worker_kit.h"

#include "media/demux.h"

/* ---- datagrams by hand: nothing but them happens, no timer runs ---- */

static inline struct addr address_of(int fd)
{
    struct sockaddr_in sa;
    socklen_t len = sizeof(sa);
    struct addr a;

    assert_int_equal(getsockname(fd, (struct sockaddr *) &sa, &len), 0);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, len, &a), 0);
    return a;
}

static struct addr stranger_at_, here_; /* here_: the worker's end */

static inline void inject(const struct addr *from, const void *p, size_t len)
{
    static uint8_t room[2048];
    struct udp_datagram d = {.p = room, .len = len, .from = *from, .to = here_};

    memcpy(room, p, len);
    demux_datagram(&d, worker);
}

/* ---- all that a worker keeps of a stream that one watches ---- */

struct snapshot {
    struct publisher publisher;
    struct subscriber subscriber;
    struct transport transports[2];
    size_t n_history;
    uint64_t history_sum;
    bool stranger_known;
    uint64_t n_sent;
};

static struct snapshot before_;

static inline void sum_history(const struct history *h, struct snapshot *s)
{
    struct bytes packet;
    uint64_t seq = 0;

    while ((packet = history_next(h, seq, worker->now_us, &seq)).p) {
        for (size_t i = 0; i < packet.len; i++)
            s->history_sum = s->history_sum * 31 + packet.p[i];
        s->n_history++;
        seq++;
    }
}

static inline void look(struct snapshot *s)
{
    const struct publisher *p = the_publisher("s");
    const struct subscriber *sub = the_subscriber("a");

    udp_flush(worker->udp);
    memset(s, 0, sizeof(*s));
    memcpy(&s->publisher, p, sizeof(*p));
    memcpy(&s->subscriber, sub, sizeof(*sub));
    memcpy(&s->transports[0], p->transport, sizeof(s->transports[0]));
    memcpy(&s->transports[1], sub->transport, sizeof(s->transports[1]));
    sum_history(p->tracks[SDP_VIDEO].history, s);
    s->stranger_known = tuple_table_find(worker->tuples, &stranger_at_, &here_) != NULL;
    s->n_sent = udp_counters(worker->udp)->packets_out;
}

static inline void assert_unchanged(void)
{
    struct snapshot now;

    look(&now);
    assert_memory_equal(&now, &before_, sizeof(now));
}

/* ---- a call ---- */

struct scene {
    struct wc *pub, *sub;
    struct addr pub_at, sub_at, stranger_at;
    uint16_t seq; /* sent last */
    uint8_t sent[1500];
    size_t sent_len; /* the last datagram */
};

static inline void send_next(struct scene *s)
{
    struct rtp h = video_header(++s->seq);

    s->sent_len = wc_make_rtp(s->pub, &h, NULL, 0,
                              s->seq % 10 == 1 ? bytes_of(key_frame, sizeof(key_frame))
                                               : bytes_of(delta_frame, sizeof(delta_frame)),
                              s->sent);
    send_from(s->pub->fd, s->sent, s->sent_len);
}

static inline void expect_one(struct scene *s)
{
    uint8_t buf[2048];
    struct rtp p;

    assert_true(wc_receive_rtp(s->sub, WC_WAIT_MS, buf, sizeof(buf), &p));
}

static inline void begin(struct scene *s)
{
    int fd;

    *s = (struct scene){.seq = 100};
    s->pub = connected_publisher("s");
    s->sub = connected_subscriber("s", "a");
    s->pub_at = address_of(s->pub->fd);
    s->sub_at = address_of(s->sub->fd);
    fd = stranger(s->pub);
    s->stranger_at = stranger_at_ = address_of(fd);
    assert_int_equal(addr_parse_ip("127.0.0.1", udp_port(worker->udp), &here_), 0);
    close(fd);
    for (unsigned i = 0; i < 30; i++) {
        send_next(s);
        expect_one(s);
    }
    deliver();
    look(&before_);
}

static inline void end(struct scene *s)
{
    wc_free(s->pub);
    wc_free(s->sub);
}

/* The stream goes on where it was: with the next packet, which arrives. */
static inline void expect_unharmed(struct scene *s)
{
    send_next(s);
    expect_one(s);
    assert_int_equal(the_publisher("s")->transport->state, TRANSPORT_CONNECTED);
    assert_int_equal(the_subscriber("a")->transport->state, TRANSPORT_CONNECTED);
}

/* ---- what is sent ---- */

static inline size_t make_feedback(struct srtp_transport *keys, uint32_t about,
                                   uint8_t buf[static 1500])
{
    static const uint16_t seqs[] = {1, 2, 3, 500};
    struct wr w = wr_init(buf, 1400);
    size_t len;

    rtcp_put_rr(&w, 1, NULL, 0);
    rtcp_put_nack(&w, 1, about, seqs, 4);
    rtcp_put_pli(&w, 1, about);
    rtcp_put_remb(&w, 1, 30000, &about, 1);
    len = wr_len(&w);
    assert_int_equal(srtp_transport_protect_rtcp(keys, buf, &len, 1500), 0);
    return len;
}

static inline size_t make_check(const char *ufrag, const char *pwd, unsigned class,
                                uint8_t buf[static 200])
{
    struct wr w = wr_init(buf, 200);
    uint8_t tid[STUN_TID_SIZE];
    char username[128];
    size_t len = 0;

    rnd_bytes(tid, sizeof(tid));
    snprintf(username, sizeof(username), "%s:peer", ufrag);
    stun_begin(&w, (enum stun_class) class, STUN_BINDING, tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(username));
    stun_put_u32(&w, STUN_ATTR_PRIORITY, 1);
    stun_put_u64(&w, STUN_ATTR_ICE_CONTROLLING, 1);
    stun_put_bytes(&w, STUN_ATTR_USE_CANDIDATE, bytes_str(""));
    stun_put_integrity(&w, bytes_str(pwd));
    stun_put_fingerprint(&w);
    assert_int_equal(stun_finish(&w, &len), 0);
    return len;
}
