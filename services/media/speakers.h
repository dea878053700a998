/* speakers.h: who of a room spoke last, by the audio level that each packet tells (RFC 6464).
 *
 * Levels are smoothed over about a second. Who is louder than somebody further up, clearly and for
 * a while, goes there; who falls silent keeps the place until others speak: so the order is that of
 * the last words, and a cough or two people talking at once do not stir it up. Pure. */
#pragma once

#include "base/list.h"

#include <stdint.h>

#define SPEAKERS_TICK_MS 200

struct speaker {
    struct list node;
    unsigned sum, n; /* of loudness, since the last tick */
    unsigned score;  /* smoothed loudness, in 1/16 dB above silence */
    unsigned ahead;  /* ticks for which it has been clearly louder than somebody further up */
};

struct speakers {
    struct list order; /* struct speaker.node; who spoke last comes first */
};

void speakers_init(struct speakers *s);

/* At the end: behind all who were there before. */
void speakers_add(struct speakers *s, struct speaker *sp);
void speakers_remove(struct speaker *sp); /* may be in no list, but must not be uninitialised */

/* A packet: -level dBov, 0 to 127. */
void speaker_heard(struct speaker *sp, uint8_t level);

/* Every SPEAKERS_TICK_MS. True: the order has changed. */
bool speakers_tick(struct speakers *s);
