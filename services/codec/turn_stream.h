/* turn_stream.h: where messages end in the byte stream of a TURN client: STUN messages (RFC 8489
 * section 6.2.2) and ChannelData, which is padded to a multiple of four there (RFC 8656 section
 * 12.5). */
#pragma once

#include "base/bytes.h"

/* The largest message, padding included: ChannelData with 65,535 bytes. (A STUN message ends at
 * 20 + 65,532.) */
#define TURN_STREAM_MESSAGE_MAX (20 + 65532)

/* The first message of the stream's next bytes, without its padding, and how many bytes of the
 * stream it took. -EAGAIN: there must be more; -EMSGSIZE: it is going to take more than max; both
 * from the first four bytes on. -EBADMSG: no message begins like this, so nobody knows where the
 * next one does. */
int turn_stream_next(struct bytes in, size_t max, struct bytes *ret_message, size_t *ret_taken);
