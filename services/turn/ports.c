#include "turn/ports.h"

#include "base/rnd.h"

static uint32_t gcd(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

static uint32_t size_of(const struct ports *range)
{
    return (uint32_t) range->max - range->min + 1;
}

void port_walk_init(struct port_walk *w, const struct ports *range)
{
    uint32_t n = size_of(range);

    *w = (struct port_walk){.range = *range, .at = rnd_u32() % n, .step = 1 + rnd_u32() % n};
    while (gcd(w->step, n) != 1)
        w->step++;
    w->n_left = n;
}

uint16_t port_walk_next(struct port_walk *w, bool even)
{
    uint32_t n = size_of(&w->range);

    while (w->n_left > 0 && w->n_tried < PORTS_TRIES_MAX) {
        uint16_t port = (uint16_t) (w->range.min + w->at);

        w->at = (w->at + w->step) % n;
        w->n_left--;
        if (!even || port % 2 == 0) {
            w->n_tried++;
            return port;
        }
    }
    return 0;
}
