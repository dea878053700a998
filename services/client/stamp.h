/* stamp.h: what our synthetic media carries at the end of each payload, so that whoever gets it can
 * tell what was lost and how long it took: who sent it, when, the how-many-th. Pure. */
#pragma once

#include "base/bytes.h"

#define STAMP_SIZE 20

struct stamp {
    uint32_t sender; /* drawn by each process: only its own clock is known to be ours */
    uint32_t seq;
    uint64_t sent_us; /* by clock_us() */
};

void stamp_write(const struct stamp *s, uint8_t at[static STAMP_SIZE]);

/* -ENOENT: the payload ends with none. */
int stamp_read(struct bytes payload, struct stamp *ret);
