#include "client/stamp.h"

#include "base/buf.h"

#define MAGIC 0x56695374u /* "ViSt" */

void stamp_write(const struct stamp *s, uint8_t at[static STAMP_SIZE])
{
    uint8_t buf[STAMP_SIZE + 4]; /* gcc 12 counts one field too many */
    struct wr w = wr_init(buf, sizeof(buf));

    wr_u32(&w, MAGIC);
    wr_u32(&w, s->sender);
    wr_u32(&w, s->seq);
    wr_u64(&w, s->sent_us);
    memcpy(at, buf, STAMP_SIZE);
}

int stamp_read(struct bytes payload, struct stamp *ret)
{
    struct rd r;

    if (payload.len < STAMP_SIZE)
        return -ENOENT;
    r = rd_init(bytes_of(payload.p + payload.len - STAMP_SIZE, STAMP_SIZE));
    if (rd_u32(&r) != MAGIC)
        return -ENOENT;
    ret->sender = rd_u32(&r);
    ret->seq = rd_u32(&r);
    ret->sent_us = rd_u64(&r);
    return 0;
}
