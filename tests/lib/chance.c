#include "tests/lib/chance.h"

#include "base/rnd.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t next(struct chance *c)
{
    c->state = c->state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t) (c->state >> 33);
}

void chance_init(struct chance *c)
{
    const char *text = getenv("TEST_SEED");

    c->state = text ? strtoull(text, NULL, 10) : rnd_u32();
    fprintf(stderr, "TEST_SEED=%llu\n", (unsigned long long) c->state);
}

unsigned chance_below(struct chance *c, unsigned end)
{
    return next(c) % end;
}

void chance_bytes(struct chance *c, void *ret, size_t len)
{
    uint8_t *p = ret;

    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t) (next(c) >> 8);
}
