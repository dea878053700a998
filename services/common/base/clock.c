#include "base/clock.h"

#include <time.h>

static uint64_t fake_us = UINT64_MAX;

static uint64_t read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

uint64_t clock_us(void)
{
    return fake_us == UINT64_MAX ? read_clock(CLOCK_MONOTONIC) : fake_us;
}

uint64_t clock_wall_ms(void)
{
    return (fake_us == UINT64_MAX ? read_clock(CLOCK_REALTIME) : fake_us) / 1000;
}

void clock_fake(uint64_t us)
{
    fake_us = us;
}
