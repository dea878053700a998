#include "rtc/srtp_replay.h"

static uint64_t *word(struct srtp_replay *r, uint64_t index)
{
    return &r->bits[index % SRTP_REPLAY_WINDOW / 64];
}

bool srtp_replay_allows(const struct srtp_replay *r, uint64_t index)
{
    if (!r->any || index > r->highest)
        return true;
    if (r->highest - index >= SRTP_REPLAY_WINDOW)
        return false;
    return !(r->bits[index % SRTP_REPLAY_WINDOW / 64] >> index % 64 & 1);
}

void srtp_replay_add(struct srtp_replay *r, uint64_t index)
{
    if (!r->any) {
        r->any = true;
        r->highest = index;
    }
    /* The places between the old highest and the new one stood for indices a window earlier. */
    for (uint64_t n = 0; r->highest < index && n < SRTP_REPLAY_WINDOW; n++) {
        r->highest++;
        *word(r, r->highest) &= ~(UINT64_C(1) << r->highest % 64);
    }
    if (r->highest < index)
        r->highest = index;
    *word(r, index) |= UINT64_C(1) << index % 64;
}

uint64_t srtp_replay_guess(const struct srtp_replay *r, uint16_t seq)
{
    int16_t step = (int16_t) (uint16_t) (seq - (uint16_t) r->highest);

    if (!r->any || (step < 0 && r->highest < (uint64_t) - (int64_t) step))
        return seq; /* there is no cycle before the first */
    return r->highest + (uint64_t) (int64_t) step;
}
