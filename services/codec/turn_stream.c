#include "codec/turn_stream.h"

#include "codec/stun.h"

#include <errno.h>

/*   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |0 0|     STUN Message Type     |  length without the 20 bytes  |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                         Magic Cookie                          |
 *
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |0 1 0 0|    Channel Number     |  length without the 4 bytes   |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+ */

/* As far as it has come. */
static bool cookie_ok(struct bytes in)
{
    static const uint8_t cookie[] = {0x21, 0x12, 0xA4, 0x42};
    size_t n = in.len - 4;

    return memcmp(in.p + 4, cookie, n < sizeof(cookie) ? n : sizeof(cookie)) == 0;
}

int turn_stream_next(struct bytes in, size_t max, struct bytes *ret_message, size_t *ret_taken)
{
    size_t length, message, taken;

    if (in.len == 0)
        return -EAGAIN;
    if (in.p[0] > 0x4F)
        return -EBADMSG;
    if (in.len < CHANDATA_HEADER_SIZE)
        return -EAGAIN;
    length = (size_t) in.p[2] << 8 | in.p[3];
    if (in.p[0] < 0x40) {
        if (length % 4 != 0 || !cookie_ok(in))
            return -EBADMSG;
        message = STUN_HEADER_SIZE + length;
    } else {
        message = CHANDATA_HEADER_SIZE + length;
    }
    taken = (message + 3) & ~(size_t) 3;
    if (taken > max)
        return -EMSGSIZE;
    if (in.len < taken)
        return -EAGAIN;
    *ret_message = bytes_of(in.p, message);
    *ret_taken = taken;
    return 0;
}
