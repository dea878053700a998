/* Any bytes as the stream of a TURN client: its messages are found one behind the other, and are
 * the same when less of the stream has come. */
#include "codec/turn_stream.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t max = size > 0 && data[0] & 1 ? 2048 : TURN_STREAM_MESSAGE_MAX;
    struct bytes in = bytes_of(data, size), message, again;
    size_t taken, taken_again;
    int r;

    while ((r = turn_stream_next(in, max, &message, &taken)) == 0) {
        if (message.p != in.p || taken < message.len || taken > in.len || taken > max ||
            taken - message.len > 3 || taken % 4 != 0)
            abort();
        if (turn_stream_next(bytes_of(in.p, taken), max, &again, &taken_again) != 0 ||
            again.len != message.len || taken_again != taken ||
            turn_stream_next(bytes_of(in.p, taken - 1), max, &again, &taken_again) != -EAGAIN)
            abort();
        in = bytes_of(in.p + taken, in.len - taken);
    }
    if (r == -EAGAIN && in.len >= max)
        abort();
    return 0;
}
