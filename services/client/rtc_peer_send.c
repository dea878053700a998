/* rtc_peer_send.c: what a peer sends: RTP with the header extensions that were negotiated, reports,
 * requests for key frames and lost packets. */
#include "client/rtc_peer_internal.h"

#include "base/clock.h"

#define MID_PACKETS 64 /* a browser writes it until it knows that somebody listens */
#define PACKET_MAX 1400

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

/* A packet of one of the line's two streams, whose number and payload type h has; what comes before
 * the payload is prefix. */
static int send_rtp(struct rtc_peer *p, const struct rtc_packet *packet, struct rtp *h,
                    struct srtp_sender **sender, struct bytes prefix)
{
    const struct rtc_line *line = &p->lines[packet->kind];
    uint64_t n_sent = p->counters.stream[packet->kind].packets_out;
    uint8_t buf[PACKET_MAX + SRTP_OVERHEAD_MAX], value[6];
    struct wr w = wr_init(buf, PACKET_MAX);
    struct rtp_ext exts[4];
    size_t header_len, len;
    int r = 0;

    if (!*sender)
        r = srtp_transport_add_sender(p->srtp, h->ssrc, sender);
    if (r < 0)
        return r;
    h->marker = packet->marker;
    h->ts = packet->ts;
    rtp_put_header(&w, h, exts, fill_exts(p, line, n_sent, value, exts), false);
    header_len = wr_len(&w);
    wr_bytes(&w, prefix);
    wr_bytes(&w, packet->payload);
    r = wr_finish(&w, &len);
    if (r == 0)
        r = srtp_sender_protect(*sender, bytes_of(buf, len), header_len, buf, sizeof(buf), &len);
    if (r < 0)
        return r;
    count_sent(p, len);
    return ice_send(p->ice, bytes_of(buf, len));
}

int rtc_peer_send(struct rtc_peer *p, const struct rtc_packet *packet)
{
    struct rtc_line *line = &p->lines[packet->kind];
    struct rtp h = {.pt = line->pt, .ssrc = line->ssrc, .seq = line->seq};
    int r;

    if (p->state != RTC_CONNECTED)
        return -ENOTCONN;
    if (!line->active)
        return -ENOENT;
    line->seq++;
    r = send_rtp(p, packet, &h, &line->sender, bytes_of(NULL, 0));
    p->counters.stream[packet->kind].packets_out++;
    line->octets_out += packet->payload.len;
    line->last_ts = packet->ts;
    return r;
}

uint16_t rtc_peer_next_seq(const struct rtc_peer *p, enum sdp_kind kind)
{
    return p->lines[kind].seq;
}

int rtc_peer_repeat(struct rtc_peer *p, const struct rtc_packet *packet, uint16_t seq)
{
    struct rtc_line *line = &p->lines[packet->kind];
    struct rtp h = {.pt = line->rtx_pt, .ssrc = line->rtx_ssrc, .seq = line->rtx_seq};
    uint8_t original[2] = {(uint8_t) (seq >> 8), (uint8_t) seq};

    if (p->state != RTC_CONNECTED)
        return -ENOTCONN;
    if (!line->active || line->rtx_pt == 0)
        return -ENOENT;
    line->rtx_seq++;
    return send_rtp(p, packet, &h, &line->rtx_sender, bytes_of(original, sizeof(original)));
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
    return ice_send(p->ice, bytes_of(buf, len));
}

/* Seconds since 1900 and their fraction (RFC 3550 section 4). */
static uint64_t ntp_now(void)
{
    uint64_t ms = clock_wall_ms();

    return (ms / 1000 + UINT64_C(2208988800)) << 32 | (ms % 1000 << 32) / 1000;
}

/* 65,536ths of a second. */
static uint32_t short_time_since(uint64_t us)
{
    return (uint32_t) ((clock_us() - us) * 65536 / 1000000);
}

static unsigned put_blocks(const struct rtc_peer *p, struct rtcp_report_block blocks[static 2])
{
    unsigned n = 0;

    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        const struct rtc_stream_counters *c = &p->counters.stream[kind];

        const struct rtc_line *line = &p->lines[kind];

        if (!c->ssrc_in)
            continue;
        blocks[n] = (struct rtcp_report_block){.ssrc = c->ssrc_in,
                                               .lost = (int32_t) c->lost_in,
                                               .highest_seq = (uint32_t) c->seq_in,
                                               .lsr = line->lsr};
        if (line->lsr)
            blocks[n].dlsr = short_time_since(line->sr_us);
        n++;
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
    if (p->echo_us) {
        p->echo.dlrr = short_time_since(p->echo_us);
        rtcp_put_dlrr(&w, ssrc, &p->echo);
    }
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
