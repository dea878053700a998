#include "media/retransmit.h"

void retransmit_note(struct retransmit *r, uint16_t seq, uint64_t now_us)
{
    unsigned i = seq % RETRANSMIT_RECENT;

    r->recent[i].seq = seq;
    r->recent[i].at_ms = (uint32_t) (now_us / 1000);
    r->recent[i].used = true;
}

/* Three quarters of a round trip after it was sent, a peer that got it cannot ask for it any more,
 * give or take what its times vary by. */
static bool is_under_way(const struct retransmit *r, uint16_t seq, uint64_t rtt_us, uint64_t now_us)
{
    unsigned i = seq % RETRANSMIT_RECENT;
    uint32_t since_ms = (uint32_t) (now_us / 1000) - r->recent[i].at_ms;

    return r->recent[i].used && r->recent[i].seq == seq && since_ms < rtt_us * 3 / 4000;
}

bool retransmit_grant(struct retransmit *r, uint16_t seq, uint64_t rtt_us, uint64_t now_us)
{
    if (r->credit == 0 || is_under_way(r, seq, rtt_us, now_us))
        return false;
    r->credit--;
    retransmit_note(r, seq, now_us);
    return true;
}
