#include "media/hold.h"

#include <string.h>

/* In its place by number: packets may have overtaken each other. */
static void insert(struct hold *h, uint64_t seq)
{
    unsigned at = h->n;

    while (at > 0 && h->seqs[at - 1] > seq)
        at--;
    memmove(&h->seqs[at + 1], &h->seqs[at], (h->n - at) * sizeof(h->seqs[0]));
    h->seqs[at] = seq;
    h->n++;
}

enum hold_verdict hold_put(struct hold *h, uint64_t seq, uint32_t ts, bool marker, uint64_t now_us)
{
    bool same_frame = h->n > 0 && h->ts == ts;

    if (seq < h->highest && !same_frame)
        return HOLD_LATE;
    if (h->n == HOLD_MAX || (h->n > 0 && !same_frame))
        return HOLD_FULL;
    if (h->n == 0) {
        h->ts = ts;
        h->since_us = now_us;
    }
    insert(h, seq);
    h->complete |= marker;
    if (seq > h->highest)
        h->highest = seq;
    return HOLD_KEPT;
}

bool hold_is_due(const struct hold *h, uint64_t now_us)
{
    return h->n > 0 && (h->complete || h->n == HOLD_MAX || now_us - h->since_us >= HOLD_US);
}

void hold_clear(struct hold *h)
{
    h->n = 0;
    h->complete = false;
}
