/* Any bytes as a stream of datagrams: they are found one behind the other, are the same when less
 * of the stream has come, and make the same stream again. */
#include "codec/framing.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t max = size > 0 && data[0] & 1 ? 2048 : UINT16_MAX;
    struct bytes in = bytes_of(data, size), datagram, again;
    uint8_t header[FRAMING_HEADER_SIZE];
    size_t taken, taken_again;
    int r;

    while ((r = framing_next(in, max, &datagram, &taken)) == 0) {
        if (datagram.p != in.p + FRAMING_HEADER_SIZE || datagram.len > max ||
            taken != FRAMING_HEADER_SIZE + datagram.len || taken > in.len)
            abort();
        if (framing_next(bytes_of(in.p, taken - 1), max, &again, &taken_again) != -EAGAIN ||
            framing_next(bytes_of(in.p, taken), max, &again, &taken_again) != 0 ||
            taken_again != taken)
            abort();
        framing_header(datagram.len, header);
        if (memcmp(header, in.p, sizeof(header)) != 0)
            abort();
        in = bytes_of(in.p + taken, in.len - taken);
    }
    if (r == -EAGAIN ? in.len >= FRAMING_HEADER_SIZE + max : r != -EMSGSIZE)
        abort();
    return 0;
}
