/* The wire of a link: the bytes arrive in pieces whose size the first byte gives. Every message
 * found is decoded, and an accepted one survives being sent and decoded again. */
#include "link/link_frame.h"
#include "link/link_message.h"

#include <errno.h>
#include <stdlib.h>

#define MESSAGE_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(struct bytes text)
{
    struct link_queue again = {0};
    struct link_message m, n;
    struct bytes view;

    if (link_message_decode(text, &m) < 0)
        return;
    if (link_frame_append(&again, m.root, 1 << 20, 1 << 20) == 0 &&
        (link_frame_next(&again, 1 << 20, &view) < 0 || link_message_decode(view, &n) < 0 ||
         n.kind != m.kind))
        abort();
    if (link_queue_len(&again) > 0)
        link_message_done(&n);
    link_message_done(&m);
    link_queue_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t piece = size > 0 ? (size_t) data[0] + 1 : 1;
    struct link_queue q = {0};
    struct bytes text;
    int r = -EAGAIN;

    for (size_t at = 1; at < size && r == -EAGAIN; at += piece) {
        size_t len = size - at < piece ? size - at : piece;

        if (link_queue_reserve(&q, len, 2 * MESSAGE_MAX) < 0)
            abort(); /* what is left in the queue is never more than one message */
        memcpy(q.p + q.end, data + at, len);
        q.end += len;
        while ((r = link_frame_next(&q, MESSAGE_MAX, &text)) == 0) {
            check_message(text);
            link_queue_consume(&q, LINK_FRAME_HEADER + text.len);
        }
    }
    link_queue_done(&q);
    return 0;
}
