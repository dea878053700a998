#include "codec/rtcp.h"

#define SENDER_INFO_SIZE 20
#define REPORT_BLOCK_SIZE 24
#define SDES_CNAME 1

/* Bytes that a packet of this type must have behind its four-byte header. */
static size_t smallest_body(uint8_t type, uint8_t count)
{
    switch (type) {
    case RTCP_SR:
        return 4 + SENDER_INFO_SIZE + (size_t) count * REPORT_BLOCK_SIZE;
    case RTCP_RR:
        return 4 + (size_t) count * REPORT_BLOCK_SIZE;
    case RTCP_BYE:
        return (size_t) count * 4;
    case RTCP_RTPFB:
    case RTCP_PSFB:
        return 8;
    default:
        return 0;
    }
}

static int strip_padding(struct bytes *body)
{
    uint8_t n;

    if (body->len == 0)
        return -EBADMSG;
    n = body->p[body->len - 1];
    if (n == 0 || n > body->len)
        return -EBADMSG;
    body->len -= n;
    return 0;
}

/* Takes the SSRCs from the front of body as rtcp.h says. */
static void take_ssrcs(struct rtcp *p)
{
    struct rd r = rd_init(p->body);
    size_t taken = 0;

    if (p->body.len < 4 || (p->type == RTCP_BYE && p->count == 0))
        return;
    p->ssrc = rd_u32(&r);
    if (p->type == RTCP_SR || p->type == RTCP_RR || p->type == RTCP_BYE) {
        taken = 4;
    } else if (p->type == RTCP_RTPFB || p->type == RTCP_PSFB) {
        p->media_ssrc = rd_u32(&r);
        taken = 8;
    }
    p->body = bytes_of(p->body.p + taken, p->body.len - taken);
}

/*  |V=2|P|  count  |     type      | length in 32-bit words, less 1 | */
bool rtcp_next(struct rd *r, struct rtcp *ret)
{
    struct rtcp p = {.type = 0};
    uint8_t flags;

    if (rd_left(r) == 0)
        return false;
    flags = rd_u8(r);
    p.type = rd_u8(r);
    p.count = flags & 0x1f;
    p.body = rd_bytes(r, (size_t) 4 * rd_u16(r));
    if (r->failed || flags >> 6 != 2 || (flags & 0x20 && strip_padding(&p.body) < 0) ||
        p.body.len < smallest_body(p.type, p.count)) {
        r->failed = true;
        return false;
    }
    take_ssrcs(&p);
    *ret = p;
    return true;
}

int rtcp_sender_info(const struct rtcp *sr, struct rtcp_sender_info *ret)
{
    struct rd r = rd_init(sr->body);
    struct rtcp_sender_info info;

    if (sr->type != RTCP_SR)
        return -EBADMSG;
    info.ntp = rd_u64(&r);
    info.rtp_ts = rd_u32(&r);
    info.packets = rd_u32(&r);
    info.octets = rd_u32(&r);
    if (rd_finish(&r) < 0)
        return -EBADMSG;
    *ret = info;
    return 0;
}

bool rtcp_report_block(const struct rtcp *p, unsigned i, struct rtcp_report_block *ret)
{
    struct rd r = rd_init(p->body);
    struct rtcp_report_block b;

    if ((p->type != RTCP_SR && p->type != RTCP_RR) || i >= p->count)
        return false;
    rd_skip(&r, (p->type == RTCP_SR ? SENDER_INFO_SIZE : 0) + (size_t) i * REPORT_BLOCK_SIZE);
    b.ssrc = rd_u32(&r);
    b.fraction_lost = rd_u8(&r);
    b.lost = (int32_t) rd_u24(&r);
    if (b.lost >= 0x800000)
        b.lost -= 0x1000000;
    b.highest_seq = rd_u32(&r);
    b.jitter = rd_u32(&r);
    b.lsr = rd_u32(&r);
    b.dlsr = rd_u32(&r);
    if (r.failed)
        return false;
    *ret = b;
    return true;
}

/* *pos counts 17 for each entry: the packet id, then the 16 bits of its mask (RFC 4585 section
 * 6.2.1). */
bool rtcp_next_nack(const struct rtcp *nack, size_t *pos, uint16_t *ret_seq)
{
    if (nack->type != RTCP_RTPFB || nack->count != RTCP_FMT_NACK)
        return false;
    for (size_t i = *pos;; i++) {
        struct rd r = rd_init(nack->body);
        uint16_t pid, mask;

        rd_skip(&r, i / 17 * 4);
        pid = rd_u16(&r);
        mask = rd_u16(&r);
        if (r.failed)
            return false;
        if (i % 17 == 0 || mask >> (i % 17 - 1) & 1) {
            *pos = i + 1;
            *ret_seq = (uint16_t) (pid + i % 17);
            return true;
        }
    }
}

bool rtcp_next_fir(const struct rtcp *fir, size_t *pos, uint32_t *ret_ssrc, uint8_t *ret_seq_nr)
{
    struct rd r = rd_init(fir->body);
    uint32_t ssrc;
    uint8_t seq_nr;

    if (fir->type != RTCP_PSFB || fir->count != RTCP_FMT_FIR)
        return false;
    rd_skip(&r, *pos);
    ssrc = rd_u32(&r);
    seq_nr = rd_u8(&r);
    rd_skip(&r, 3);
    if (r.failed)
        return false;
    *pos += 8;
    *ret_ssrc = ssrc;
    *ret_seq_nr = seq_nr;
    return true;
}

bool rtcp_next_bye(const struct rtcp *bye, size_t *pos, uint32_t *ret_ssrc)
{
    struct rd r = rd_init(bye->body);

    if (bye->type != RTCP_BYE || *pos >= bye->count)
        return false;
    if (*pos == 0) {
        *ret_ssrc = bye->ssrc;
    } else {
        uint32_t ssrc;

        rd_skip(&r, (*pos - 1) * 4);
        ssrc = rd_u32(&r);
        if (r.failed)
            return false;
        *ret_ssrc = ssrc;
    }
    (*pos)++;
    return true;
}

/*  | 'R' 'E' 'M' 'B' | n SSRCs (8) | exponent (6) | mantissa (18) | SSRCs … */
static int remb_header(const struct rtcp *p, struct rd *r, uint8_t *ret_n, uint64_t *ret_bps)
{
    uint8_t n;
    uint32_t rate;

    *r = rd_init(p->body);
    if (p->type != RTCP_PSFB || p->count != RTCP_FMT_AFB || !bytes_eq_str(rd_bytes(r, 4), "REMB"))
        return -EBADMSG;
    n = rd_u8(r);
    rate = rd_u24(r);
    if (rd_finish(r) < 0 || rd_left(r) < (size_t) 4 * n || rate >> 18 > 64 - 18)
        return -EBADMSG;
    *ret_n = n;
    *ret_bps = (uint64_t) (rate & 0x3ffff) << (rate >> 18);
    return 0;
}

int rtcp_remb(const struct rtcp *p, uint64_t *ret_bps)
{
    struct rd r;
    uint8_t n;

    return remb_header(p, &r, &n, ret_bps);
}

bool rtcp_next_remb_ssrc(const struct rtcp *p, size_t *pos, uint32_t *ret_ssrc)
{
    struct rd r;
    uint64_t bps;
    uint8_t n;

    if (remb_header(p, &r, &n, &bps) < 0 || *pos >= n)
        return false;
    rd_skip(&r, 4 * *pos);
    *ret_ssrc = rd_u32(&r);
    (*pos)++;
    return true;
}

struct bytes rtcp_sdes_cname(const struct rtcp *sdes)
{
    struct rd r = rd_init(sdes->body);

    if (sdes->type == RTCP_SDES && sdes->count > 0) {
        uint8_t type;

        rd_skip(&r, 4);
        while ((type = rd_u8(&r)) != 0) {
            struct bytes text = rd_bytes(&r, rd_u8(&r));

            if (type == SDES_CNAME && !r.failed)
                return text;
        }
    }
    return (struct bytes){.p = NULL};
}
