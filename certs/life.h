/* life.h: the life of a certificate that is renewed by itself, in fractions: certificates live for
 * months, days, or 20 seconds. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* When renewal falls due by age: 2/3 of its life is over, or 1/2 of one under ten days. */
int64_t life_renewal_s(int64_t not_before_s, int64_t not_after_s);

/* When one part-th is left of what was left at renewal. */
int64_t life_part_left_s(int64_t not_before_s, int64_t not_after_s, int part);

/* Renewals must have failed for long: half of what was left is over. */
bool life_is_late(int64_t not_before_s, int64_t not_after_s, int64_t now_s);
