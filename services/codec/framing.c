#include "codec/framing.h"

#include <errno.h>

int framing_next(struct bytes in, size_t max, struct bytes *ret_datagram, size_t *ret_taken)
{
    size_t len;

    if (in.len < FRAMING_HEADER_SIZE)
        return -EAGAIN;
    len = (size_t) in.p[0] << 8 | in.p[1];
    if (len > max)
        return -EMSGSIZE;
    if (in.len - FRAMING_HEADER_SIZE < len)
        return -EAGAIN;
    *ret_datagram = bytes_of(in.p + FRAMING_HEADER_SIZE, len);
    *ret_taken = FRAMING_HEADER_SIZE + len;
    return 0;
}

void framing_header(size_t len, uint8_t ret[static FRAMING_HEADER_SIZE])
{
    ret[0] = (uint8_t) (len >> 8);
    ret[1] = (uint8_t) len;
}
