/*   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  |      base sequence number     |      packet status count      |
 *  |            reference time (64 ms)             | feedback count|
 *  |         status chunks, 16 bits each; then deltas of 250 us     |
 *
 *  chunk: |0| symbol (2) | run length (13) |
 *         |1|0| 14 symbols of one bit |      |1|1| 7 symbols of two bits | */
#include "codec/rtcp_write.h"

enum symbol { NOT_RECEIVED = 0, SMALL_DELTA = 1, LARGE_DELTA = 2, RESERVED = 3 };

#define TICK_US 250
#define RUN_MAX 0x1fff

/* Symbol i of a chunk. */
static enum symbol chunk_symbol(uint16_t chunk, unsigned i)
{
    if (!(chunk & 0x8000))
        return (enum symbol)(chunk >> 13 & 3);
    if (!(chunk & 0x4000))
        return (enum symbol)(chunk >> (13 - i) & 1);
    return (enum symbol)(chunk >> (12 - 2 * i) & 3);
}

static unsigned chunk_length(uint16_t chunk)
{
    if (!(chunk & 0x8000))
        return chunk & RUN_MAX;
    return chunk & 0x4000 ? 7 : 14;
}

/* Reads the statuses; for the time being delta_us holds the symbol. */
static int read_statuses(struct rd *r, const struct rtcp_twcc *head,
                         struct rtcp_twcc_packet *packets)
{
    for (unsigned n = 0; n < head->n_packets;) {
        uint16_t chunk = rd_u16(r);
        unsigned length = chunk_length(chunk);

        if (r->failed)
            return -EBADMSG;
        for (unsigned i = 0; i < length && n < head->n_packets; i++, n++) {
            enum symbol s = chunk_symbol(chunk, i);

            if (s == RESERVED)
                return -EBADMSG;
            packets[n].seq = (uint16_t) (head->base_seq + n);
            packets[n].received = s != NOT_RECEIVED;
            packets[n].delta_us = s;
        }
    }
    return 0;
}

static int read_deltas(struct rd *r, struct rtcp_twcc_packet *packets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (packets[i].delta_us == SMALL_DELTA)
            packets[i].delta_us = rd_u8(r) * TICK_US;
        else if (packets[i].delta_us == LARGE_DELTA)
            packets[i].delta_us = (int16_t) rd_u16(r) * TICK_US;
    }
    return rd_finish(r);
}

int rtcp_twcc_decode(const struct rtcp *p, struct rtcp_twcc *ret, struct rtcp_twcc_packet *packets,
                     size_t max, size_t *ret_n)
{
    struct rd r = rd_init(p->body);
    struct rtcp_twcc head;

    if (p->type != RTCP_RTPFB || p->count != RTCP_FMT_TWCC)
        return -EBADMSG;
    head.base_seq = rd_u16(&r);
    head.n_packets = rd_u16(&r);
    head.reference_time = (int32_t) rd_u24(&r);
    if (head.reference_time >= 0x800000)
        head.reference_time -= 0x1000000;
    head.feedback_count = rd_u8(&r);
    if (rd_finish(&r) < 0 || head.n_packets == 0)
        return -EBADMSG;
    if (head.n_packets > max)
        return -ENOSPC;
    if (read_statuses(&r, &head, packets) < 0 || read_deltas(&r, packets, head.n_packets) < 0)
        return -EBADMSG;
    *ret = head;
    *ret_n = head.n_packets;
    return 0;
}

static enum symbol symbol_of(const struct rtcp_twcc_packet *p)
{
    if (!p->received)
        return NOT_RECEIVED;
    return p->delta_us >= 0 && p->delta_us / TICK_US <= UINT8_MAX ? SMALL_DELTA : LARGE_DELTA;
}

/* One chunk for the packets at hand; returns how many it covers. Except for the last one a chunk
 * covers at least seven. */
static size_t put_chunk(struct wr *w, const struct rtcp_twcc_packet *packets, size_t n)
{
    enum symbol first = symbol_of(&packets[0]);
    size_t run = 1, one_bit = 0;
    uint16_t chunk = 0;

    while (run < n && run < RUN_MAX && symbol_of(&packets[run]) == first)
        run++;
    if (run >= 14 || run == n || (first == LARGE_DELTA && run >= 7)) {
        wr_u16(w, (uint16_t) (first << 13 | run));
        return run;
    }
    while (one_bit < n && one_bit < 14 && symbol_of(&packets[one_bit]) != LARGE_DELTA)
        one_bit++;
    if (one_bit == 14 || one_bit == n) {
        for (size_t i = 0; i < one_bit; i++)
            chunk |= (uint16_t) (symbol_of(&packets[i]) << (13 - i));
        wr_u16(w, (uint16_t) (0x8000 | chunk));
        return one_bit;
    }
    if (n > 7)
        n = 7;
    for (size_t i = 0; i < n; i++)
        chunk |= (uint16_t) (symbol_of(&packets[i]) << (12 - 2 * i));
    wr_u16(w, (uint16_t) (0xc000 | chunk));
    return n;
}

static void put_delta(struct wr *w, const struct rtcp_twcc_packet *p)
{
    int32_t ticks = p->delta_us / TICK_US;

    switch (symbol_of(p)) {
    case SMALL_DELTA:
        wr_u8(w, (uint8_t) ticks);
        break;
    case LARGE_DELTA:
        if (ticks < INT16_MIN || ticks > INT16_MAX)
            w->failed = true;
        wr_u16(w, (uint16_t) ticks);
        break;
    case NOT_RECEIVED:
    case RESERVED:
        break;
    }
}

void rtcp_put_twcc(struct wr *w, uint32_t ssrc, uint32_t media_ssrc, const struct rtcp_twcc *head,
                   const struct rtcp_twcc_packet *packets, size_t n)
{
    size_t at = rtcp_begin_feedback(w, RTCP_FMT_TWCC, RTCP_RTPFB, ssrc, media_ssrc);

    if (n == 0 || n > UINT16_MAX) {
        w->failed = true;
        return;
    }
    wr_u16(w, head->base_seq);
    wr_u16(w, (uint16_t) n);
    wr_u24(w, (uint32_t) head->reference_time & 0xffffff);
    wr_u8(w, head->feedback_count);
    for (size_t done = 0; done < n;)
        done += put_chunk(w, packets + done, n - done);
    for (size_t i = 0; i < n; i++)
        put_delta(w, &packets[i]);
    rtcp_end(w, at);
}
