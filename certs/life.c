#include "certs/life.h"

#define SHORT_LIFE_S (INT64_C(10) * 86400)

int64_t life_renewal_s(int64_t not_before_s, int64_t not_after_s)
{
    int64_t life_s;

    if (not_before_s < 0) /* what is no time is INT64_MIN */
        not_before_s = 0;
    if (not_after_s <= not_before_s)
        return not_after_s;
    life_s = not_after_s - not_before_s;
    return not_before_s + (life_s < SHORT_LIFE_S ? life_s / 2 : life_s - life_s / 3);
}

int64_t life_part_left_s(int64_t not_before_s, int64_t not_after_s, int part)
{
    int64_t renewal_s = life_renewal_s(not_before_s, not_after_s);

    return not_after_s - (not_after_s - renewal_s + part - 1) / part;
}

bool life_is_late(int64_t not_before_s, int64_t not_after_s, int64_t now_s)
{
    return now_s >= life_part_left_s(not_before_s, not_after_s, 2);
}
