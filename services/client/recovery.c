#include "client/recovery.h"

#include "codec/rtp.h"

static bool found(struct recovery *r, uint64_t seq)
{
    size_t i = 0;

    while (i < r->n_missing && r->missing[i].seq != seq)
        i++;
    if (i == r->n_missing)
        return false;
    r->n_missing--;
    memmove(&r->missing[i], &r->missing[i + 1], (r->n_missing - i) * sizeof(r->missing[0]));
    return true;
}

bool recovery_packet(struct recovery *r, uint16_t number)
{
    uint64_t seq = r->started ? rtp_seq_extend(r->highest, number) : 0x10000u + number;

    if (!r->started) {
        r->started = true;
        r->highest = seq;
        return true;
    }
    if (seq <= r->highest)
        return found(r, seq);
    while (++r->highest < seq) {
        if (r->n_missing < RECOVERY_MISSING_MAX)
            r->missing[r->n_missing++] = (struct recovery_missing){.seq = r->highest};
        else
            r->broken = r->highest;
    }
    return true;
}

bool recovery_repeated(struct recovery *r, uint16_t seq)
{
    return r->started && found(r, rtp_seq_extend(r->highest, seq));
}

size_t recovery_due(struct recovery *r, uint64_t now_us, uint16_t *ret_seqs, size_t max)
{
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < r->n_missing; i++) {
        struct recovery_missing m = r->missing[i];

        if (m.due_us <= now_us && m.tries == RECOVERY_TRIES_MAX) {
            r->given_up++;
            r->broken = m.seq > r->broken ? m.seq : r->broken;
            continue;
        }
        if (m.due_us <= now_us && n < max) {
            ret_seqs[n++] = (uint16_t) m.seq;
            m.due_us = now_us + RECOVERY_AGAIN_US;
            m.tries++;
        }
        r->missing[kept++] = m;
    }
    r->n_missing = kept;
    r->asked += n;
    return n;
}

uint64_t recovery_deadline(const struct recovery *r)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < r->n_missing; i++)
        if (r->missing[i].due_us < next)
            next = r->missing[i].due_us;
    return next;
}

void recovery_key_frame(struct recovery *r, uint16_t number)
{
    uint64_t seq = rtp_seq_extend(r->highest, number);

    if (seq > r->key)
        r->key = seq;
}

bool recovery_key_frame_due(struct recovery *r, uint64_t now_us)
{
    if (r->key > r->broken || now_us < r->key_due_us)
        return false;
    r->key_due_us = now_us + RECOVERY_KEY_AGAIN_US;
    return true;
}
