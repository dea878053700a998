/* What was read from RTCP packets is written, and read again as the same. */
#include "codec/rtcp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCKS_MAX 31
#define SEQS_MAX 64

static uint8_t buf[16384];
static struct wr w;

/* The one packet that was written. */
static struct rtcp again(void)
{
    struct rd r = rd_init(bytes_of(buf, wr_len(&w)));
    struct rtcp p;

    if (w.failed || !rtcp_next(&r, &p) || rd_left(&r) != 0)
        abort();
    return p;
}

static void reports(const struct rtcp *p)
{
    struct rtcp_report_block blocks[BLOCKS_MAX], b;
    struct rtcp_sender_info info, other;
    bool is_sr = rtcp_sender_info(p, &info) == 0;
    unsigned n = 0;
    struct rtcp q;

    while (n < BLOCKS_MAX && rtcp_report_block(p, n, &blocks[n]))
        n++;
    if (is_sr)
        rtcp_put_sr(&w, p->ssrc, &info, blocks, n);
    else
        rtcp_put_rr(&w, p->ssrc, blocks, n);
    q = again();
    if (q.ssrc != p->ssrc || q.count != n || (is_sr && rtcp_sender_info(&q, &other) < 0))
        abort();
    if (is_sr && (other.ntp != info.ntp || other.octets != info.octets))
        abort();
    for (unsigned i = 0; i < n; i++) {
        if (!rtcp_report_block(&q, i, &b) || b.lost != blocks[i].lost || b.lsr != blocks[i].lsr ||
            b.highest_seq != blocks[i].highest_seq || b.fraction_lost != blocks[i].fraction_lost)
            abort();
    }
}

static void nack(const struct rtcp *p)
{
    uint16_t seqs[SEQS_MAX], seq;
    size_t n = 0, pos = 0, i = 0;
    struct rtcp q;

    while (n < SEQS_MAX && rtcp_next_nack(p, &pos, &seqs[n])) {
        /* in rising order, as the writer wants them */
        if (n == 0 || (uint16_t) (seqs[n] - seqs[n - 1] - 1) < 0x400)
            n++;
    }
    if (n == 0)
        return;
    rtcp_put_nack(&w, p->ssrc, p->media_ssrc, seqs, n);
    q = again();
    for (pos = 0; rtcp_next_nack(&q, &pos, &seq); i++) {
        if (i >= n || seq != seqs[i])
            abort();
    }
    if (i != n || q.media_ssrc != p->media_ssrc)
        abort();
}

static void remb(const struct rtcp *p, uint64_t bps)
{
    uint32_t ssrcs[255];
    unsigned n = 0;
    size_t pos = 0;
    uint64_t other;
    struct rtcp q;

    while (n < 255 && rtcp_next_remb_ssrc(p, &pos, &ssrcs[n]))
        n++;
    rtcp_put_remb(&w, p->ssrc, bps, ssrcs, n);
    q = again();
    if (rtcp_remb(&q, &other) < 0 || other != bps)
        abort();
}

static void twcc(const struct rtcp *p)
{
    static struct rtcp_twcc_packet packets[512], others[512];
    struct rtcp_twcc head, other;
    size_t n, m;
    struct rtcp q;

    if (rtcp_twcc_decode(p, &head, packets, 512, &n) < 0 || n == 0)
        return;
    rtcp_put_twcc(&w, p->ssrc, p->media_ssrc, &head, packets, n);
    if (w.failed) /* deltas that do not fit beside each other */
        return;
    q = again();
    if (rtcp_twcc_decode(&q, &other, others, 512, &m) < 0 || m != n ||
        other.base_seq != head.base_seq || other.reference_time != head.reference_time)
        abort();
    for (size_t i = 0; i < n; i++) {
        if (others[i].received != packets[i].received || others[i].delta_us != packets[i].delta_us)
            abort();
    }
}

static void text(const struct rtcp *p, struct bytes cname)
{
    struct rtcp q;

    rtcp_put_sdes_cname(&w, p->ssrc, cname);
    q = again();
    if (!bytes_eq(rtcp_sdes_cname(&q), cname))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_init(bytes_of(data, size));
    struct rtcp p;

    while (rtcp_next(&r, &p)) {
        struct bytes cname = rtcp_sdes_cname(&p);
        uint64_t bps;

        w = wr_init(buf, sizeof(buf));
        if (p.type == RTCP_SR || p.type == RTCP_RR)
            reports(&p);
        else if (p.type == RTCP_RTPFB && p.count == RTCP_FMT_NACK)
            nack(&p);
        else if (p.type == RTCP_RTPFB && p.count == RTCP_FMT_TWCC)
            twcc(&p);
        else if (rtcp_remb(&p, &bps) == 0)
            remb(&p, bps);
        else if (cname.p)
            text(&p, cname);
    }
    return 0;
}
