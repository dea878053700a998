#include "codec/rtcp_write.h"

#define REPORT_BLOCKS_MAX 31

size_t rtcp_begin(struct wr *w, unsigned count, enum rtcp_type type)
{
    size_t at = wr_len(w);

    wr_u8(w, (uint8_t) (0x80 | (count & 0x1f)));
    wr_u8(w, (uint8_t) type);
    wr_u16(w, 0);
    return at;
}

void rtcp_end(struct wr *w, size_t at)
{
    uint8_t padding = (uint8_t) (-(wr_len(w) - at) & 3);
    size_t words;

    if (padding) {
        wr_zero(w, padding - 1u);
        wr_u8(w, padding);
    }
    words = (wr_len(w) - at) / 4;
    if (w->failed || words > 0x10000) {
        w->failed = true;
        return;
    }
    if (padding)
        w->start[at] |= 0x20;
    wr_patch_u16(w, at + 2, (uint16_t) (words - 1));
}

static void put_report_blocks(struct wr *w, const struct rtcp_report_block *blocks, unsigned n)
{
    if (n > REPORT_BLOCKS_MAX)
        w->failed = true;
    for (unsigned i = 0; i < n && !w->failed; i++) {
        const struct rtcp_report_block *b = &blocks[i];
        int32_t lost = b->lost > 0x7fffff ? 0x7fffff : b->lost < -0x800000 ? -0x800000 : b->lost;

        wr_u32(w, b->ssrc);
        wr_u8(w, b->fraction_lost);
        wr_u24(w, (uint32_t) lost & 0xffffff);
        wr_u32(w, b->highest_seq);
        wr_u32(w, b->jitter);
        wr_u32(w, b->lsr);
        wr_u32(w, b->dlsr);
    }
}

void rtcp_put_sr(struct wr *w, uint32_t ssrc, const struct rtcp_sender_info *info,
                 const struct rtcp_report_block *blocks, unsigned n)
{
    size_t at = rtcp_begin(w, n, RTCP_SR);

    wr_u32(w, ssrc);
    wr_u64(w, info->ntp);
    wr_u32(w, info->rtp_ts);
    wr_u32(w, info->packets);
    wr_u32(w, info->octets);
    put_report_blocks(w, blocks, n);
    rtcp_end(w, at);
}

void rtcp_put_rr(struct wr *w, uint32_t ssrc, const struct rtcp_report_block *blocks, unsigned n)
{
    size_t at = rtcp_begin(w, n, RTCP_RR);

    wr_u32(w, ssrc);
    put_report_blocks(w, blocks, n);
    rtcp_end(w, at);
}

/* One chunk: SSRC, the item, and one to four zeros up to the next word. */
void rtcp_put_sdes_cname(struct wr *w, uint32_t ssrc, struct bytes cname)
{
    size_t at = rtcp_begin(w, 1, RTCP_SDES);

    if (cname.len > 255) {
        w->failed = true;
        return;
    }
    wr_u32(w, ssrc);
    wr_u8(w, 1);
    wr_u8(w, (uint8_t) cname.len);
    wr_bytes(w, cname);
    wr_zero(w, 4 - (2 + cname.len) % 4);
    rtcp_end(w, at);
}

void rtcp_put_bye(struct wr *w, uint32_t ssrc)
{
    size_t at = rtcp_begin(w, 1, RTCP_BYE);

    wr_u32(w, ssrc);
    rtcp_end(w, at);
}

size_t rtcp_begin_feedback(struct wr *w, unsigned fmt, enum rtcp_type type, uint32_t ssrc,
                           uint32_t media_ssrc)
{
    size_t at = rtcp_begin(w, fmt, type);

    wr_u32(w, ssrc);
    wr_u32(w, media_ssrc);
    return at;
}

void rtcp_put_nack(struct wr *w, uint32_t ssrc, uint32_t media_ssrc, const uint16_t *seqs, size_t n)
{
    size_t at = rtcp_begin_feedback(w, RTCP_FMT_NACK, RTCP_RTPFB, ssrc, media_ssrc);

    for (size_t i = 0; i < n;) {
        uint16_t pid = seqs[i++];
        uint16_t mask = 0;

        for (; i < n && (uint16_t) (seqs[i] - pid - 1) < 16; i++)
            mask |= (uint16_t) (1u << (uint16_t) (seqs[i] - pid - 1));
        wr_u16(w, pid);
        wr_u16(w, mask);
    }
    rtcp_end(w, at);
}

void rtcp_put_pli(struct wr *w, uint32_t ssrc, uint32_t media_ssrc)
{
    rtcp_end(w, rtcp_begin_feedback(w, RTCP_FMT_PLI, RTCP_PSFB, ssrc, media_ssrc));
}

/* The media SSRC of the header is 0; the entry names the stream (RFC 5104 section 4.3.1.2). */
void rtcp_put_fir(struct wr *w, uint32_t ssrc, uint32_t media_ssrc, uint8_t seq_nr)
{
    size_t at = rtcp_begin_feedback(w, RTCP_FMT_FIR, RTCP_PSFB, ssrc, 0);

    wr_u32(w, media_ssrc);
    wr_u8(w, seq_nr);
    wr_u24(w, 0);
    rtcp_end(w, at);
}

void rtcp_put_remb(struct wr *w, uint32_t ssrc, uint64_t bps, const uint32_t *ssrcs, unsigned n)
{
    size_t at = rtcp_begin_feedback(w, RTCP_FMT_AFB, RTCP_PSFB, ssrc, 0);
    uint32_t exponent = 0;

    if (n > 255) {
        w->failed = true;
        return;
    }
    for (; bps > 0x3ffff; bps >>= 1)
        exponent++;
    wr_str(w, "REMB");
    wr_u8(w, (uint8_t) n);
    wr_u24(w, exponent << 18 | (uint32_t) bps);
    for (unsigned i = 0; i < n; i++)
        wr_u32(w, ssrcs[i]);
    rtcp_end(w, at);
}
