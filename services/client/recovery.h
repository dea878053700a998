/* recovery.h: which packets of a stream that arrives are missing, and when to ask for them (again),
 * as a browser does: at once, then each 100 ms, ten times; of a video, when only a key frame helps.
 * Plain memory; time is passed in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECOVERY_MISSING_MAX 1000 /* those beyond are not asked for */
#define RECOVERY_AGAIN_US 100000
#define RECOVERY_TRIES_MAX 10
#define RECOVERY_KEY_AGAIN_US 500000

struct recovery { /* {0} at the beginning */
    bool started;
    uint64_t highest; /* widened sequence number */
    uint64_t asked, given_up;
    uint64_t key;        /* the last key frame began with this number; 0: none came */
    uint64_t broken;     /* the last packet that is gone for good; 0: none is */
    uint64_t key_due_us; /* a key frame is asked for, not before */
    size_t n_missing;
    struct recovery_missing {
        uint64_t seq, due_us;
        unsigned tries;
    } missing[RECOVERY_MISSING_MAX]; /* rising */
};

/* A packet came by itself. False: it was here before, or was given up. */
bool recovery_packet(struct recovery *r, uint16_t seq);

/* A packet came as a retransmission. True: it was missing. */
bool recovery_repeated(struct recovery *r, uint16_t seq);

/* What to ask for now, rising, at most max; notes that it was. What was asked for too often is
 * given up. */
size_t recovery_due(struct recovery *r, uint64_t now_us, uint16_t *ret_seqs, size_t max);

/* When recovery_due() has something to do next; UINT64_MAX: never. */
uint64_t recovery_deadline(const struct recovery *r);

/* A packet that came begins a key frame. */
void recovery_key_frame(struct recovery *r, uint16_t seq);

/* True: ask for a key frame now (again): none came at all, or since a packet was given up. Notes
 * that it was. */
bool recovery_key_frame_due(struct recovery *r, uint64_t now_us);
