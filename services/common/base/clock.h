/* clock.h: time as the daemons see it. Tests move it by hand. */
#pragma once

#include <stdint.h>

/* Monotonic, in microseconds; for deadlines and intervals. */
uint64_t clock_us(void);

static inline uint64_t clock_ms(void)
{
    return clock_us() / 1000;
}

/* Milliseconds since 1970, for what people and protocols read. */
uint64_t clock_wall_ms(void);

/* From now on clock_us() is `us` and clock_wall_ms() `us / 1000`, until the next call.
 * UINT64_MAX: the real clocks again. Tests only; not thread-safe. */
void clock_fake(uint64_t us);
