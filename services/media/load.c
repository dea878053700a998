#include "media/load.h"

void load_measure(struct load *l, uint64_t cpu_us, uint64_t now_us)
{
    if (l->measured && now_us > l->at_us) {
        uint64_t permille = (cpu_us - l->cpu_us) * 1000 / (now_us - l->at_us);

        l->permille = (unsigned) ((l->permille + permille + 1) / 2);
        l->placed -= (l->placed + 3) / 4; /* their media begins within seconds */
    }
    l->measured = true;
    l->cpu_us = cpu_us;
    l->at_us = now_us;
}

void load_place(struct load *l)
{
    l->placed++;
}

unsigned load_expected(const struct load *l)
{
    return l->permille + l->placed * LOAD_TRANSPORT;
}
