/* chance.h: chance that can be had again: numbers that follow from a seed (a linear congruential
 * generator). For tests alone; nobody is surprised by them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct chance {
    uint64_t state; /* zeroed: the same sequence each time */
};

/* With this run's seed: what TEST_SEED says in the environment, else another one each time. It is
 * told on stderr, so that a failure can be had again. */
void chance_init(struct chance *c);

unsigned chance_below(struct chance *c, unsigned end); /* 0 to end - 1, of 31 bits */
void chance_bytes(struct chance *c, void *ret, size_t len);
