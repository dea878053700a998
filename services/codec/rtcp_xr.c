/* rtcp_xr.c: the two blocks of RFC 3611 by which a receiver learns the round-trip time. */
#include "codec/rtcp_write.h"

#define BLOCK_RRTR 4
#define BLOCK_DLRR 5
#define ECHO_SIZE 12

/* ---- reading ---- */

/*  |  block type   |   reserved    |  length in 32-bit words       | contents … */
static bool next_block(struct rd *r, uint8_t *ret_type, struct bytes *ret_contents)
{
    if (rd_left(r) == 0)
        return false;
    *ret_type = rd_u8(r);
    rd_skip(r, 1);
    *ret_contents = rd_bytes(r, (size_t) 4 * rd_u16(r));
    return !r->failed;
}

/* At the first block. */
static struct rd blocks_of(const struct rtcp *xr)
{
    struct rd r = rd_init(xr->body);

    rd_skip(&r, 4);
    if (xr->type != RTCP_XR)
        r.failed = true;
    return r;
}

int rtcp_xr_rrtr(const struct rtcp *xr, uint64_t *ret_ntp)
{
    struct rd r = blocks_of(xr);
    struct bytes contents;
    uint8_t type;

    while (next_block(&r, &type, &contents)) {
        if (type == BLOCK_RRTR && contents.len == 8) {
            struct rd in = rd_init(contents);

            *ret_ntp = rd_u64(&in);
            return 0;
        }
    }
    return -ENOENT;
}

/* *pos counts the echoes. */
bool rtcp_next_dlrr(const struct rtcp *xr, size_t *pos, struct rtcp_dlrr *ret)
{
    struct rd r = blocks_of(xr);
    struct bytes contents;
    size_t before = *pos;
    uint8_t type;

    while (next_block(&r, &type, &contents)) {
        size_t n = type == BLOCK_DLRR ? contents.len / ECHO_SIZE : 0;
        struct rd in = rd_init(contents);

        if (before >= n) {
            before -= n;
            continue;
        }
        rd_skip(&in, before * ECHO_SIZE);
        ret->ssrc = rd_u32(&in);
        ret->lrr = rd_u32(&in);
        ret->dlrr = rd_u32(&in);
        (*pos)++;
        return true;
    }
    return false;
}

/* ---- writing ---- */

static size_t begin(struct wr *w, uint32_t ssrc, uint8_t type, uint16_t words)
{
    size_t at = rtcp_begin(w, 0, RTCP_XR);

    wr_u32(w, ssrc);
    wr_u8(w, type);
    wr_u8(w, 0);
    wr_u16(w, words);
    return at;
}

void rtcp_put_rrtr(struct wr *w, uint32_t ssrc, uint64_t ntp)
{
    size_t at = begin(w, ssrc, BLOCK_RRTR, 2);

    wr_u64(w, ntp);
    rtcp_end(w, at);
}

void rtcp_put_dlrr(struct wr *w, uint32_t ssrc, const struct rtcp_dlrr *echo)
{
    size_t at = begin(w, ssrc, BLOCK_DLRR, ECHO_SIZE / 4);

    wr_u32(w, echo->ssrc);
    wr_u32(w, echo->lrr);
    wr_u32(w, echo->dlrr);
    rtcp_end(w, at);
}
