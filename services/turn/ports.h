/* ports.h: the order in which relay ports are tried.
 * Who has a port is known by the kernel alone; here is a walk over the range that starts anywhere,
 * goes by a step that shares no factor with the range's size, and so meets each port once. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A walk gives up after so many ports, so that a full range costs a bounded time. */
#define PORTS_TRIES_MAX 256

struct ports {
    uint16_t min, max; /* inclusive, 1 <= min <= max */
};

struct port_walk {
    struct ports range;
    uint32_t at, step, n_left, n_tried;
};

void port_walk_init(struct port_walk *w, const struct ports *range);

/* 0 when there are no more. even: skip odd ones (EVEN-PORT); those are no tries. */
uint16_t port_walk_next(struct port_walk *w, bool even);
