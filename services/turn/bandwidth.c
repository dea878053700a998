#include "turn/bandwidth.h"

#define NS_PER_MS 1000000u

bool bandwidth_take(struct bandwidth *b, uint64_t len, uint64_t kbps, uint64_t now_ms)
{
    uint64_t now_ns = now_ms * NS_PER_MS, cost_ns = len * 8 * NS_PER_MS / kbps;
    uint64_t paid_ns = __atomic_load_n(&b->paid_ns, __ATOMIC_RELAXED);
    uint64_t from_ns;

    do {
        from_ns = paid_ns > now_ns ? paid_ns : now_ns;
        if (from_ns + cost_ns > now_ns + (uint64_t) BANDWIDTH_BURST_MS * NS_PER_MS &&
            from_ns > now_ns) /* what is larger than the bucket passes when that is full */
            return false;
    } while (!__atomic_compare_exchange_n(&b->paid_ns, &paid_ns, from_ns + cost_ns, true,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}
