#include "tests/lib/rtc_peer_internal.h"

#include "base/clock.h"
#include "base/rnd.h"
#include "codec/stun.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CHECK_US 100000    /* between checks until one is answered */
#define CONSENT_US 2500000 /* between checks after that, as in Chromium */
#define CHECKS_MAX 50
#define PRIORITY 0x6e7f1eff /* of a peer-reflexive host candidate */
#define MID_PACKETS 64      /* a browser writes it until it knows that somebody listens */
#define PACKET_MAX 1400
#define SOCKET_BUFFER (1 << 20)

/* ---- what all share ---- */

static int init_srtp_once(void)
{
    static bool done;
    int r = done ? 0 : srtp_transport_global_init();

    done = done || r == 0;
    return r;
}

int rtc_hub_new(struct loop *l, struct rtc_hub **ret_h)
{
    struct rtc_hub *h = calloc(1, sizeof(*h));
    int r;

    if (!h)
        return -ENOMEM;
    h->loop = l;
    r = init_srtp_once();
    if (r == 0)
        r = rtc_dtls_init(h);
    if (r == 0)
        r = loop_set_new(l, &h->set);
    if (r < 0) {
        rtc_hub_free(h);
        return r;
    }
    *ret_h = h;
    return 0;
}

struct rtc_hub *rtc_hub_free(struct rtc_hub *h)
{
    if (!h)
        return NULL;
    loop_set_free(h->set);
    rtc_dtls_done(h);
    free(h);
    return NULL;
}

/* ---- states ---- */

static void set_state(struct rtc_peer *p, enum rtc_peer_state state, const char *error)
{
    const struct rtc_peer_handlers *h = p->config.handlers;

    if (p->state == state)
        return;
    p->state = state;
    p->error = error;
    if (state == RTC_CLOSED || state == RTC_FAILED)
        loop_timer_stop(&p->timer);
    if (h && h->on_state)
        h->on_state(p, state, p->config.arg);
}

enum rtc_peer_state rtc_peer_state(const struct rtc_peer *p)
{
    return p->state;
}

const char *rtc_peer_error(const struct rtc_peer *p)
{
    return p->error;
}

const struct rtc_counters *rtc_peer_counters(const struct rtc_peer *p)
{
    return &p->counters;
}

/* ---- ICE: we control, there is one pair ---- */

static void send_check(struct rtc_peer *p)
{
    uint8_t buf[768], tid[STUN_TID_SIZE];
    struct wr w = wr_init(buf, sizeof(buf));
    char username[sizeof(p->remote_ufrag) + sizeof(p->ufrag) + 1];
    size_t len;

    snprintf(username, sizeof(username), "%s:%s", p->remote_ufrag, p->ufrag);
    rnd_bytes(tid, sizeof(tid));
    stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(username));
    stun_put_u64(&w, STUN_ATTR_ICE_CONTROLLING, p->tie_breaker);
    stun_put_bytes(&w, STUN_ATTR_USE_CANDIDATE, bytes_of(NULL, 0));
    stun_put_u32(&w, STUN_ATTR_PRIORITY, PRIORITY);
    stun_put_integrity(&w, bytes_str(p->remote_pwd));
    stun_put_fingerprint(&w);
    if (stun_finish(&w, &len) == 0)
        (void) send(p->fd, buf, len, 0);
    p->n_checks++;
}

static void on_timer(struct loop_timer *t);

static void start_timer(struct rtc_peer *p)
{
    uint64_t us = p->state == RTC_CONNECTED ? CONSENT_US : CHECK_US;

    if (p->state == RTC_HANDSHAKE)
        us = rtc_dtls_timeout_us(p);
    if (us == UINT64_MAX)
        loop_timer_stop(&p->timer);
    else if (loop_timer_start(&p->timer, p->hub->loop, us, on_timer) < 0)
        set_state(p, RTC_FAILED, "no timer");
}

static void on_timer(struct loop_timer *t)
{
    struct rtc_peer *p = container_of(t, struct rtc_peer, timer);

    if (p->state == RTC_HANDSHAKE) {
        if (rtc_dtls_timeout(p) < 0) {
            set_state(p, RTC_FAILED, "DTLS: no answer");
            return;
        }
    } else if (p->n_checks >= CHECKS_MAX) {
        set_state(p, RTC_FAILED, "ICE: checks are not answered");
        return;
    } else {
        send_check(p);
    }
    start_timer(p);
}

static void start_handshake(struct rtc_peer *p)
{
    set_state(p, RTC_HANDSHAKE, "");
    if (rtc_dtls_start(p) < 0)
        set_state(p, RTC_FAILED, "DTLS: cannot start");
    else
        start_timer(p);
}

/* Servers that are lite by their own account check all the same (libnice). */
static void answer_check(const struct rtc_peer *p, const struct stun *m)
{
    uint8_t buf[256];
    struct wr w = wr_init(buf, sizeof(buf));
    size_t len;

    if (!stun_integrity_ok(m, bytes_str(p->pwd)))
        return;
    stun_begin(&w, STUN_SUCCESS, STUN_BINDING, m->tid);
    stun_put_xor_addr(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, &p->server);
    stun_put_integrity(&w, bytes_str(p->pwd));
    stun_put_fingerprint(&w);
    if (stun_finish(&w, &len) == 0)
        (void) send(p->fd, buf, len, 0);
}

static void on_stun(struct rtc_peer *p, struct bytes datagram)
{
    struct stun m;

    if (stun_decode(datagram, &m) < 0 || m.method != STUN_BINDING)
        return;
    if (m.class == STUN_REQUEST) {
        answer_check(p, &m);
        return;
    }
    if (!stun_integrity_ok(&m, bytes_str(p->remote_pwd)))
        return;
    if (m.class == STUN_ERROR) {
        set_state(p, RTC_FAILED, "ICE: the check was refused");
        return;
    }
    if (m.class != STUN_SUCCESS)
        return;
    p->n_checks = 0;
    p->counters.checks_answered++;
    if (p->state == RTC_CHECKING)
        start_handshake(p);
}

static int open_socket(struct rtc_peer *p)
{
    struct sockaddr_storage to;
    socklen_t len = addr_to_sockaddr(&p->server, &to);
    int size = SOCKET_BUFFER;

    p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || connect(p->fd, (struct sockaddr *) &to, len) < 0)
        return -errno;
    (void) setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    (void) setsockopt(p->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    return 0;
}

/* ---- what comes in ---- */

static void after_dtls(struct rtc_peer *p, int r)
{
    if (r == -ESHUTDOWN) {
        set_state(p, RTC_CLOSED, "");
    } else if (r < 0) {
        set_state(p, RTC_FAILED, "DTLS: handshake");
    } else if (r > 0 && p->state == RTC_HANDSHAKE) {
        r = rtc_dtls_take_keys(p);
        if (r < 0)
            set_state(p, RTC_FAILED, r == -EACCES ? "DTLS: fingerprint" : "DTLS: no SRTP keys");
        else
            set_state(p, RTC_CONNECTED, "");
    }
    if (p->state == RTC_HANDSHAKE || p->state == RTC_CONNECTED)
        start_timer(p);
}

static void note_seq(struct rtc_stream_counters *c, struct rtc_line *line, const struct rtp *rtp)
{
    uint64_t seq;

    if (c->ssrc_in != rtp->ssrc) {
        c->ssrc_in = rtp->ssrc;
        c->seq_in = line->first_in = (uint64_t) 1 << 16 | rtp->seq;
        return;
    }
    seq = rtp_seq_extend(c->seq_in, rtp->seq);
    if (seq > c->seq_in) {
        c->lost_in += seq - c->seq_in - 1;
        c->seq_in = seq;
    } else if (c->lost_in > 0) {
        c->lost_in--; /* late, not lost */
    }
}

static void on_rtp(struct rtc_peer *p, uint8_t *packet, size_t len)
{
    const struct rtc_peer_handlers *h = p->config.handlers;
    struct rtp rtp;

    if (srtp_transport_unprotect(p->srtp, packet, &len) < 0 ||
        rtp_decode(bytes_of(packet, len), &rtp) < 0) {
        p->counters.refused++;
        return;
    }
    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        struct rtc_stream_counters *c = &p->counters.stream[kind];
        struct rtc_line *line = &p->lines[kind];

        if (line->active && line->rtx_pt && rtp.pt == line->rtx_pt)
            c->rtx_in++;
        if (!line->active || rtp.pt != line->pt)
            continue;
        note_seq(c, line, &rtp);
        c->packets_in++;
        c->payload_bytes_in += rtp.payload.len;
        if (h && h->on_rtp)
            h->on_rtp(p, (enum sdp_kind) kind, &rtp, p->config.arg);
    }
}

static void count_feedback(struct rtc_counters *c, const struct rtcp *m)
{
    uint64_t bps;
    size_t pos = 0;
    uint16_t seq;

    if (m->type == RTCP_SR)
        c->sr++;
    else if (m->type == RTCP_RR)
        c->rr++;
    else if (m->type == RTCP_PSFB && m->count == RTCP_FMT_PLI)
        c->pli++;
    else if (m->type == RTCP_PSFB && m->count == RTCP_FMT_FIR)
        c->fir++;
    else if (m->type == RTCP_PSFB && rtcp_remb(m, &bps) == 0)
        c->remb++;
    else if (m->type == RTCP_RTPFB && m->count == RTCP_FMT_TWCC)
        c->twcc++;
    else if (m->type == RTCP_RTPFB && m->count == RTCP_FMT_NACK)
        while (rtcp_next_nack(m, &pos, &seq))
            c->nacked++;
}

static void on_rtcp(struct rtc_peer *p, uint8_t *packet, size_t len)
{
    const struct rtc_peer_handlers *h = p->config.handlers;
    struct rtcp m;
    struct rd r;

    if (srtp_transport_unprotect_rtcp(p->srtp, packet, &len) < 0) {
        p->counters.refused++;
        return;
    }
    r = rd_init(bytes_of(packet, len));
    while (rtcp_next(&r, &m)) {
        count_feedback(&p->counters, &m);
        if (h && h->on_rtcp)
            h->on_rtcp(p, &m, p->config.arg);
    }
}

/* RFC 7983. */
static void on_datagram(struct rtc_peer *p, uint8_t *data, size_t len)
{
    struct bytes datagram = bytes_of(data, len);

    if (stun_is_message(datagram)) {
        on_stun(p, datagram);
    } else if (data[0] >= 20 && data[0] <= 63) {
        if (p->ssl)
            after_dtls(p, rtc_dtls_input(p, datagram));
    } else if (data[0] >= 128 && data[0] <= 191) {
        p->counters.datagrams_in++;
        p->counters.bytes_in += len;
        p->counters.rtcp_in += rtp_is_rtcp(datagram);
        if (!p->srtp || p->config.sealed)
            return;
        if (rtp_is_rtcp(datagram))
            on_rtcp(p, data, len);
        else
            on_rtp(p, data, len);
    }
}

static void on_readable(struct loop_fd *io, uint32_t revents)
{
    struct rtc_peer *p = container_of(io, struct rtc_peer, io);
    struct mmsghdr messages[RTC_RECEIVE_BATCH];
    struct iovec iov[RTC_RECEIVE_BATCH];
    int n;

    (void) revents;
    memset(messages, 0, sizeof(messages));
    for (unsigned i = 0; i < RTC_RECEIVE_BATCH; i++) {
        iov[i] = (struct iovec){p->hub->in[i], RTC_DATAGRAM_MAX};
        messages[i].msg_hdr.msg_iov = &iov[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    n = recvmmsg(p->fd, messages, RTC_RECEIVE_BATCH, 0, NULL);
    for (int i = 0; i < n; i++) {
        if (messages[i].msg_len > 0)
            on_datagram(p, p->hub->in[i], messages[i].msg_len);
    }
}

/* ---- life ---- */

int rtc_peer_new(struct rtc_hub *h, const struct rtc_peer_config *c, struct rtc_peer **ret_p)
{
    struct rtc_peer *p = calloc(1, sizeof(*p));

    if (!p)
        return -ENOMEM;
    p->hub = h;
    p->config = *c;
    p->error = "";
    p->fd = -1;
    p->tie_breaker = rnd_u64();
    rnd_alnum(p->ufrag, sizeof(p->ufrag) - 1);
    rnd_alnum(p->pwd, sizeof(p->pwd) - 1);
    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        p->lines[kind].ssrc = rnd_u32() | 1;
        p->lines[kind].rtx_ssrc = p->lines[kind].ssrc ^ 0x80000000u;
        p->lines[kind].seq = (uint16_t) (rnd_u32() & 0x7fff);
    }
    *ret_p = p;
    return 0;
}

struct rtc_peer *rtc_peer_free(struct rtc_peer *p)
{
    if (!p)
        return NULL;
    rtc_dtls_close(p);
    loop_timer_done(&p->timer);
    loop_fd_stop(&p->io);
    srtp_transport_free(p->srtp);
    if (p->fd >= 0)
        close(p->fd);
    free(p);
    return NULL;
}

static int start(struct rtc_peer *p)
{
    int r = open_socket(p);

    if (r == 0)
        r = loop_fd_start(&p->io, p->hub->set, p->fd, EPOLLIN, on_readable);
    if (r < 0)
        return r;
    set_state(p, RTC_CHECKING, "");
    send_check(p);
    start_timer(p);
    return 0;
}

int rtc_peer_offer(struct rtc_peer *p, char *buf, size_t cap)
{
    return p->state == RTC_NEW ? rtc_sdp_offer(p, buf, cap) : -EALREADY;
}

int rtc_peer_take_answer(struct rtc_peer *p, const char *answer)
{
    int r = p->state == RTC_NEW ? rtc_sdp_take(p, answer) : -EALREADY;

    return r < 0 ? r : start(p);
}

int rtc_peer_answer(struct rtc_peer *p, const char *offer, char *buf, size_t cap)
{
    int r = p->state == RTC_NEW ? rtc_sdp_answer(p, offer, buf, cap) : -EALREADY;

    return r < 0 ? r : start(p);
}

/* ---- what goes out ---- */

static void count_sent(struct rtc_peer *p, size_t len)
{
    p->counters.datagrams_out++;
    p->counters.bytes_out += len;
}

/* The extensions of a packet, as a browser writes them; value keeps what they point to. */
static size_t fill_exts(struct rtc_peer *p, const struct rtc_line *line, uint64_t n_sent,
                        uint8_t value[static 6], struct rtp_ext exts[static 4])
{
    uint64_t time = clock_us() * 0x40000 / 1000000; /* seconds as 6.18 bits */
    size_t n = 0;

    if (line->time_ext) {
        struct wr w = wr_init(value, 3);

        wr_u24(&w, time & 0xffffff);
        exts[n++] = (struct rtp_ext){line->time_ext, bytes_of(value, 3)};
    }
    if (line->twcc_ext) {
        struct wr w = wr_init(value + 3, 2);

        wr_u16(&w, p->twcc_seq++);
        exts[n++] = (struct rtp_ext){line->twcc_ext, bytes_of(value + 3, 2)};
    }
    if (line->level_ext) {
        value[5] = 0x80 | 30;
        exts[n++] = (struct rtp_ext){line->level_ext, bytes_of(value + 5, 1)};
    }
    if (line->mid_ext && n_sent < MID_PACKETS)
        exts[n++] = (struct rtp_ext){line->mid_ext, bytes_str(line->mid)};
    return n;
}

int rtc_peer_send(struct rtc_peer *p, const struct rtc_packet *packet)
{
    struct rtc_line *line = &p->lines[packet->kind];
    struct rtc_stream_counters *c = &p->counters.stream[packet->kind];
    uint8_t buf[PACKET_MAX + SRTP_OVERHEAD_MAX], value[6];
    struct wr w = wr_init(buf, PACKET_MAX);
    struct rtp_ext exts[4];
    struct rtp h = {.marker = packet->marker, .ts = packet->ts};
    size_t header_len, len;
    int r = 0;

    if (p->state != RTC_CONNECTED)
        return -ENOTCONN;
    if (!line->active)
        return -ENOENT;
    if (!line->sender)
        r = srtp_transport_add_sender(p->srtp, line->ssrc, &line->sender);
    if (r < 0)
        return r;
    h.pt = line->pt;
    h.ssrc = line->ssrc;
    h.seq = line->seq++;
    rtp_put_header(&w, &h, exts, fill_exts(p, line, c->packets_out, value, exts), false);
    header_len = wr_len(&w);
    wr_bytes(&w, packet->payload);
    r = wr_finish(&w, &len);
    if (r == 0)
        r = srtp_sender_protect(line->sender, bytes_of(buf, len), header_len, buf, sizeof(buf),
                                &len);
    if (r < 0)
        return r;
    c->packets_out++;
    line->octets_out += packet->payload.len;
    line->last_ts = packet->ts;
    count_sent(p, len);
    return send(p->fd, buf, len, 0) < 0 ? -errno : 0;
}

static int send_rtcp(struct rtc_peer *p, uint8_t *buf, struct wr *w, size_t cap)
{
    size_t len;
    int r = p->state == RTC_CONNECTED ? wr_finish(w, &len) : -ENOTCONN;

    if (r == 0)
        r = srtp_transport_protect_rtcp(p->srtp, buf, &len, cap);
    if (r < 0)
        return r;
    count_sent(p, len);
    return send(p->fd, buf, len, 0) < 0 ? -errno : 0;
}

/* Seconds since 1900 and their fraction (RFC 3550 section 4). */
static uint64_t ntp_now(void)
{
    uint64_t ms = clock_wall_ms();

    return (ms / 1000 + UINT64_C(2208988800)) << 32 | (ms % 1000 << 32) / 1000;
}

static unsigned put_blocks(const struct rtc_peer *p, struct rtcp_report_block blocks[static 2])
{
    unsigned n = 0;

    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        const struct rtc_stream_counters *c = &p->counters.stream[kind];

        if (c->ssrc_in)
            blocks[n++] = (struct rtcp_report_block){.ssrc = c->ssrc_in,
                                                     .lost = (int32_t) c->lost_in,
                                                     .highest_seq = (uint32_t) c->seq_in};
    }
    return n;
}

int rtc_peer_send_report(struct rtc_peer *p)
{
    uint8_t buf[PACKET_MAX];
    struct wr w = wr_init(buf, sizeof(buf) - SRTP_OVERHEAD_MAX);
    struct rtcp_report_block blocks[RTC_KINDS];
    uint32_t ssrc = p->lines[p->lines[SDP_VIDEO].active ? SDP_VIDEO : SDP_AUDIO].ssrc;
    unsigned n = put_blocks(p, blocks);

    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        const struct rtc_line *line = &p->lines[kind];
        struct rtcp_sender_info info = {
            .ntp = ntp_now(),
            .rtp_ts = line->last_ts,
            .packets = (uint32_t) p->counters.stream[kind].packets_out,
            .octets = (uint32_t) line->octets_out,
        };

        if (line->sender)
            rtcp_put_sr(&w, line->ssrc, &info, NULL, 0);
    }
    if (n > 0 || wr_len(&w) == 0)
        rtcp_put_rr(&w, ssrc, blocks, n);
    rtcp_put_sdes_cname(&w, ssrc, bytes_str("peer"));
    return send_rtcp(p, buf, &w, sizeof(buf));
}

int rtc_peer_send_pli(struct rtc_peer *p)
{
    uint32_t about = p->counters.stream[SDP_VIDEO].ssrc_in;
    uint8_t buf[128];
    struct wr w = wr_init(buf, sizeof(buf) - SRTP_OVERHEAD_MAX);

    if (!about)
        return -ENOENT;
    rtcp_put_pli(&w, p->lines[SDP_VIDEO].ssrc, about);
    return send_rtcp(p, buf, &w, sizeof(buf));
}

int rtc_peer_send_nack(struct rtc_peer *p, enum sdp_kind kind, const uint16_t *seqs, size_t n)
{
    uint32_t about = p->counters.stream[kind].ssrc_in;
    uint8_t buf[PACKET_MAX];
    struct wr w = wr_init(buf, sizeof(buf) - SRTP_OVERHEAD_MAX);

    if (!about)
        return -ENOENT;
    rtcp_put_nack(&w, p->lines[kind].ssrc, about, seqs, n);
    return send_rtcp(p, buf, &w, sizeof(buf));
}
