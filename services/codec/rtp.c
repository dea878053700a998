#include "codec/rtp.h"

#define EXT_ONE_BYTE 0xBEDE
#define EXT_TWO_BYTE 0x1000 /* the low four bits are the application's */

bool rtp_is_rtcp(struct bytes datagram)
{
    return datagram.len >= 2 && datagram.p[1] >= 192 && datagram.p[1] <= 223;
}

/*   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *  |                           timestamp                           |
 *  |                             SSRC                              |
 *  |                    CSRCs, CC of them                          |
 *  |  X: profile of the extension  |   length in 32-bit words      | */
int rtp_decode(struct bytes packet, struct rtp *ret)
{
    struct rd r = rd_init(packet);
    struct rtp p = {.marker = false};
    uint8_t flags = rd_u8(&r);
    uint8_t second = rd_u8(&r);

    p.marker = second & 0x80;
    p.pt = second & 0x7f;
    p.seq = rd_u16(&r);
    p.ts = rd_u32(&r);
    p.ssrc = rd_u32(&r);
    p.n_csrc = flags & 0x0f;
    p.csrc = rd_bytes(&r, (size_t) 4 * p.n_csrc);
    if (flags & 0x10) {
        p.ext_profile = rd_u16(&r);
        p.ext = rd_bytes(&r, (size_t) 4 * rd_u16(&r));
    }
    if (rd_finish(&r) < 0 || flags >> 6 != 2)
        return -EBADMSG;

    p.payload = bytes_of(r.p, rd_left(&r));
    p.header_len = packet.len - p.payload.len;
    if (flags & 0x20) {
        if (p.payload.len == 0)
            return -EBADMSG;
        p.padding_len = p.payload.p[p.payload.len - 1];
        if (p.padding_len == 0 || p.padding_len > p.payload.len)
            return -EBADMSG;
        p.payload.len -= p.padding_len;
    }
    *ret = p;
    return 0;
}

bool rtp_next_ext(const struct rtp *p, size_t *pos, struct rtp_ext *ret)
{
    bool two_byte = (p->ext_profile & 0xfff0) == EXT_TWO_BYTE;
    struct rtp_ext e;
    uint8_t first = 0;
    struct rd r;
    size_t len;

    if (!two_byte && p->ext_profile != EXT_ONE_BYTE)
        return false;
    r = rd_init(p->ext);
    rd_skip(&r, *pos);
    while (rd_left(&r) > 0 && (first = rd_u8(&r)) == 0) /* padding */
        ;
    if (first == 0)
        return false;
    if (two_byte) {
        e.id = first;
        len = rd_u8(&r);
    } else {
        e.id = first >> 4;
        len = (size_t) (first & 0x0f) + 1;
        if (e.id == 0 || e.id == 15) /* both end the processing (RFC 8285 section 4.2) */
            return false;
    }
    e.value = rd_bytes(&r, len);
    if (r.failed)
        return false;
    *pos = p->ext.len - rd_left(&r);
    *ret = e;
    return true;
}

struct bytes rtp_find_ext(const struct rtp *p, uint8_t id)
{
    struct rtp_ext e;
    size_t pos = 0;

    while (rtp_next_ext(p, &pos, &e)) {
        if (e.id == id)
            return e.value;
    }
    return (struct bytes){.p = NULL};
}

static bool fits_one_byte(const struct rtp_ext *exts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (exts[i].id > 14 || exts[i].value.len < 1 || exts[i].value.len > 16)
            return false;
    }
    return true;
}

static void put_exts(struct wr *w, const struct rtp_ext *exts, size_t n)
{
    bool one_byte = fits_one_byte(exts, n);
    size_t start, len;

    wr_u16(w, one_byte ? EXT_ONE_BYTE : EXT_TWO_BYTE);
    wr_u16(w, 0);
    start = wr_len(w);
    for (size_t i = 0; i < n; i++) {
        if (exts[i].id == 0 || exts[i].value.len > 255) {
            w->failed = true;
            return;
        }
        if (one_byte) {
            wr_u8(w, (uint8_t) (exts[i].id << 4 | (exts[i].value.len - 1)));
        } else {
            wr_u8(w, exts[i].id);
            wr_u8(w, (uint8_t) exts[i].value.len);
        }
        wr_bytes(w, exts[i].value);
    }
    len = wr_len(w) - start;
    wr_zero(w, -len & 3);
    wr_patch_u16(w, start - 2, (uint16_t) ((len + 3) / 4));
}

void rtp_put_header(struct wr *w, const struct rtp *h, const struct rtp_ext *exts, size_t n_exts,
                    bool has_padding)
{
    if (n_exts > RTP_EXT_MAX || h->n_csrc > 15 || h->csrc.len != (size_t) 4 * h->n_csrc) {
        w->failed = true;
        return;
    }
    wr_u8(w, (uint8_t) (0x80 | (has_padding ? 0x20 : 0) | (n_exts ? 0x10 : 0) | h->n_csrc));
    wr_u8(w, (uint8_t) ((h->marker ? 0x80 : 0) | (h->pt & 0x7f)));
    wr_u16(w, h->seq);
    wr_u32(w, h->ts);
    wr_u32(w, h->ssrc);
    wr_bytes(w, h->csrc);
    if (n_exts)
        put_exts(w, exts, n_exts);
}

uint64_t rtp_seq_extend(uint64_t reference, uint16_t seq)
{
    uint16_t ahead = (uint16_t) (seq - (uint16_t) reference);
    uint64_t behind = 0x10000u - ahead;

    if (ahead < 0x8000 || reference < behind)
        return reference + ahead;
    return reference - behind;
}

/* RFC 7741 section 4.2: |X|R|N|S|R| PID |, X: |I|L|T|K| RSV |, I: picture id of 7 or 15 bits,
 * L: TL0PICIDX, T or K: |TID|Y| KEYIDX |; then the frame, whose first bit (P) is 0 in a key frame.
 */
static bool vp8_starts_key_frame(struct bytes payload)
{
    struct rd r = rd_init(payload);
    uint8_t first = rd_u8(&r);
    uint8_t more = first & 0x80 ? rd_u8(&r) : 0;
    uint8_t frame;

    if (more & 0x80 && rd_u8(&r) & 0x80)
        rd_skip(&r, 1);
    if (more & 0x40)
        rd_skip(&r, 1);
    if (more & 0x30)
        rd_skip(&r, 1);
    frame = rd_u8(&r);
    return rd_finish(&r) == 0 && (first & 0x17) == 0x10 && (frame & 0x01) == 0;
}

/* RFC 9628 section 4.2: |I|P|L|F|B|E|V|Z|, I: picture id of 7 or 15 bits, L: |TID|U|SID|D|. A key
 * frame begins (B) where nothing is predicted (P = 0), in the lowest spatial layer. */
static bool vp9_starts_key_frame(struct bytes payload)
{
    struct rd r = rd_init(payload);
    uint8_t first = rd_u8(&r);
    uint8_t layer = 0;

    if (first & 0x80 && rd_u8(&r) & 0x80)
        rd_skip(&r, 1);
    if (first & 0x20) {
        layer = rd_u8(&r);
        if (!(first & 0x10))
            rd_skip(&r, 1); /* TL0PICIDX */
    }
    rd_skip(&r, 1); /* something must follow */
    return rd_finish(&r) == 0 && (first & 0x48) == 0x08 && (layer & 0x0e) == 0;
}

enum { NAL_IDR = 5, NAL_SPS = 7, NAL_STAP_A = 24, NAL_FU_A = 28 };

static bool nal_is_key(uint8_t nal)
{
    return (nal & 0x1f) == NAL_IDR || (nal & 0x1f) == NAL_SPS;
}

static bool stap_has_key(struct rd *r)
{
    bool found = false;

    while (rd_left(r) > 0) {
        struct bytes nal = rd_bytes(r, rd_u16(r));

        if (r->failed || nal.len == 0)
            return false;
        found = found || nal_is_key(nal.p[0]);
    }
    return found;
}

/* RFC 6184 section 5: a NAL unit, several (STAP-A), or a fragment (FU-A: |S|E|R| type |). */
static bool h264_starts_key_frame(struct bytes payload)
{
    struct rd r = rd_init(payload);
    uint8_t nal = rd_u8(&r);
    uint8_t fragment;

    switch (nal & 0x1f) {
    case NAL_STAP_A:
        return stap_has_key(&r);
    case NAL_FU_A:
        fragment = rd_u8(&r);
        return fragment & 0x80 && nal_is_key(fragment);
    default:
        return nal_is_key(nal);
    }
}

bool rtp_starts_key_frame(enum rtp_codec codec, struct bytes payload)
{
    switch (codec) {
    case RTP_CODEC_VP8:
        return vp8_starts_key_frame(payload);
    case RTP_CODEC_VP9:
        return vp9_starts_key_frame(payload);
    case RTP_CODEC_H264:
        return h264_starts_key_frame(payload);
    case RTP_CODEC_OTHER:
    case RTP_CODEC_OPUS:
    case RTP_CODEC_RED:
        break;
    }
    return false;
}

/* Each redundant block:  |1| payload type | timestamp offset (14) | length (10) |, then the
 * primary's |0| payload type |, then their data in the same order. */
struct bytes rtp_red_primary(struct bytes payload)
{
    struct rd r = rd_init(payload);
    size_t redundant = 0;

    while (rd_left(&r) > 0 && rd_u8(&r) & 0x80)
        redundant += rd_u24(&r) & 0x3ff;
    rd_skip(&r, redundant);
    return rd_bytes(&r, rd_left(&r));
}
