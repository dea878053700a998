#include "media/nack.h"

#include <string.h>

void nack_init(struct nack *n)
{
    memset(n, 0, sizeof(*n));
}

void nack_restart(struct nack *n)
{
    n->started = false;
    n->n = 0;
}

static void remove_at(struct nack *n, unsigned i)
{
    n->n--;
    memmove(&n->missing[i], &n->missing[i + 1], (n->n - i) * sizeof(n->missing[0]));
}

/* What came by itself was only late: the next ones are given as long. What had to be asked for was
 * lost: waiting for it was in vain. */
static void learn_lateness(struct nack *n, const struct nack_missing *m, bool repeated,
                           uint64_t now_us)
{
    uint64_t late_us = now_us - m->since_us;

    if (repeated)
        n->late_us -= n->late_us / 16;
    else if (late_us <= NACK_REORDER_MAX_US && late_us > n->late_us)
        n->late_us = late_us;
}

static void came(struct nack *n, uint64_t seq, bool repeated, uint64_t now_us,
                 uint64_t *ret_took_us)
{
    for (unsigned i = 0; i < n->n; i++) {
        const struct nack_missing *m = &n->missing[i];

        if (m->seq != seq)
            continue;
        if (repeated && m->tries == 1)
            *ret_took_us = now_us - m->asked_us;
        learn_lateness(n, m, repeated, now_us);
        n->recovered += m->tries > 0;
        remove_at(n, i);
        return;
    }
}

static uint64_t reorder_us(const struct nack *n)
{
    uint64_t us = n->late_us + n->late_us / 4;

    if (us < NACK_REORDER_US)
        return NACK_REORDER_US;
    return us < NACK_REORDER_MAX_US ? us : NACK_REORDER_MAX_US;
}

static void give_up_before(struct nack *n, uint64_t seq)
{
    unsigned old = 0;

    while (old < n->n && n->missing[old].seq < seq)
        old++;
    n->n -= old;
    n->lost += old;
    memmove(&n->missing[0], &n->missing[old], n->n * sizeof(n->missing[0]));
}

bool nack_packet(struct nack *n, uint64_t seq, bool repeated, uint64_t now_us,
                 uint64_t *ret_took_us)
{
    uint64_t gap;

    *ret_took_us = 0;
    if (!n->started) {
        n->started = true;
        n->highest = seq;
        return true;
    }
    if (seq <= n->highest) {
        came(n, seq, repeated, now_us, ret_took_us);
        return true;
    }
    gap = seq - n->highest - 1;
    if (gap > NACK_MISSING_MAX - n->n)
        give_up_before(n, n->key_seq);
    if (gap > NACK_MISSING_MAX - n->n) {
        n->lost += n->n + gap;
        n->n = 0;
        n->highest = seq;
        return false;
    }
    while (++n->highest < seq)
        n->missing[n->n++] = (struct nack_missing){
            .seq = n->highest, .since_us = now_us, .due_us = now_us + reorder_us(n)};
    return true;
}

void nack_key_frame(struct nack *n, uint64_t seq)
{
    if (seq > n->key_seq)
        n->key_seq = seq;
}

size_t nack_due(struct nack *n, uint64_t now_us, uint64_t retry_us, uint16_t *ret_seqs, size_t max,
                bool *ret_broken)
{
    size_t asked = 0;
    unsigned kept = 0;

    if (retry_us < NACK_RETRY_MIN_US)
        retry_us = NACK_RETRY_MIN_US;
    *ret_broken = false;
    for (unsigned i = 0; i < n->n; i++) {
        struct nack_missing m = n->missing[i];
        bool due = m.due_us <= now_us;

        if (due && (m.tries == NACK_TRIES_MAX || now_us - m.since_us > NACK_AGE_MAX_US)) {
            n->lost++;
            *ret_broken |= m.seq >= n->key_seq;
            continue;
        }
        if (due && asked < max) {
            ret_seqs[asked++] = (uint16_t) m.seq;
            m.asked_us = now_us;
            m.due_us = now_us + retry_us;
            m.tries++;
        }
        n->missing[kept++] = m;
    }
    n->n = kept;
    n->asked += asked;
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
