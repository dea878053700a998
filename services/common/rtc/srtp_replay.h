/* srtp_replay.h: which packet indices were received already (RFC 3711 section 3.3.2), as a window
 * behind the highest one. A zeroed one has seen nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Packets of a publisher arrive out of order by a few; retransmissions without RTX by more. */
#define SRTP_REPLAY_WINDOW 512

struct srtp_replay {
    uint64_t highest;
    uint64_t bits[SRTP_REPLAY_WINDOW / 64]; /* bit (index mod window) */
    bool any;
};

/* False when this index came before, or is too old to tell. */
bool srtp_replay_allows(const struct srtp_replay *r, uint64_t index);

/* Notes an index that was allowed, and proved authentic. */
void srtp_replay_add(struct srtp_replay *r, uint64_t index);

/* ROC << 16 | seq, as near to the highest as can be (RFC 3711 appendix A); seq at first. */
uint64_t srtp_replay_guess(const struct srtp_replay *r, uint16_t seq);
