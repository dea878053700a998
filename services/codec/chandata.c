/*  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+-------------------------------+
 * |         Channel Number        |            Length             |
 * +-------------------------------+-------------------------------+
 * |                       Application Data                        |
 * +---------------------------------------------------------------+   RFC 8656 section 12.4 */
#include "codec/stun.h"

#define CHANNEL_MIN 0x4000
#define CHANNEL_MAX 0x4FFF

int chandata_decode(struct bytes datagram, uint16_t *ret_channel, struct bytes *ret_data)
{
    struct rd r = rd_init(datagram);
    uint16_t channel = rd_u16(&r);
    uint16_t len = rd_u16(&r);
    struct bytes data = rd_bytes(&r, len);

    if (rd_finish(&r) < 0 || channel < CHANNEL_MIN || channel > CHANNEL_MAX)
        return -EBADMSG;
    *ret_channel = channel;
    *ret_data = data;
    return 0;
}

int chandata_encode(uint8_t *buf, size_t cap, uint16_t channel, struct bytes data, size_t *ret_len)
{
    struct wr w = wr_init(buf, cap);

    if (data.len > UINT16_MAX)
        return -ENOSPC;
    wr_u16(&w, channel);
    wr_u16(&w, (uint16_t) data.len);
    wr_bytes(&w, data);
    return wr_finish(&w, ret_len);
}
