#include "media/nack.h"

#include <string.h>

void nack_init(struct nack *n)
{
    n->started = false;
    n->n = 0;
}

static void remove_at(struct nack *n, unsigned i)
{
    n->n--;
    memmove(&n->missing[i], &n->missing[i + 1], (n->n - i) * sizeof(n->missing[0]));
}

static void forget(struct nack *n, uint64_t seq)
{
    for (unsigned i = 0; i < n->n; i++) {
        if (n->missing[i].seq == seq) {
            remove_at(n, i);
            return;
        }
    }
}

bool nack_packet(struct nack *n, uint64_t seq, uint64_t now_us)
{
    uint64_t gap;

    if (!n->started) {
        n->started = true;
        n->highest = seq;
        return true;
    }
    if (seq <= n->highest) {
        forget(n, seq);
        return true;
    }
    gap = seq - n->highest - 1;
    if (gap > NACK_MISSING_MAX - n->n) {
        n->n = 0;
        n->highest = seq;
        return false;
    }
    while (++n->highest < seq)
        n->missing[n->n++] = (struct nack_missing){
            .seq = n->highest, .since_us = now_us, .due_us = now_us + NACK_REORDER_US};
    return true;
}

void nack_forget_before(struct nack *n, uint64_t seq)
{
    unsigned old = 0;

    while (old < n->n && n->missing[old].seq < seq)
        old++;
    n->n -= old;
    memmove(&n->missing[0], &n->missing[old], n->n * sizeof(n->missing[0]));
}

size_t nack_due(struct nack *n, uint64_t now_us, uint64_t rtt_us, uint16_t *ret_seqs, size_t max,
                unsigned *ret_lost)
{
    uint64_t retry_us = rtt_us > NACK_RETRY_MIN_US ? rtt_us : NACK_RETRY_MIN_US;
    size_t asked = 0;
    unsigned kept = 0;

    *ret_lost = 0;
    for (unsigned i = 0; i < n->n; i++) {
        struct nack_missing m = n->missing[i];
        bool due = m.due_us <= now_us;

        if (due && (m.tries == NACK_TRIES_MAX || now_us - m.since_us > NACK_AGE_MAX_US)) {
            (*ret_lost)++;
            continue;
        }
        if (due && asked < max) {
            ret_seqs[asked++] = (uint16_t) m.seq;
            m.due_us = now_us + retry_us;
            m.tries++;
        }
        n->missing[kept++] = m;
    }
    n->n = kept;
    return asked;
}

uint64_t nack_deadline(const struct nack *n)
{
    uint64_t at = UINT64_MAX;

    for (unsigned i = 0; i < n->n; i++) {
        if (n->missing[i].due_us < at)
            at = n->missing[i].due_us;
    }
    return at;
}
