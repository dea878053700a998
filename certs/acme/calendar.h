/* calendar.h: dates of the Gregorian calendar in UTC as seconds since 1970. Pure. */
#pragma once

#include <stdint.h>

/* A date and time as it is written; month 1 … 12, second up to 60 (a leap second, counted as the
 * one after it). */
struct calendar {
    unsigned year, month, day, hour, minute, second;
};

/* -EBADMSG: there is no such date or time; years 0 … 9999. */
int calendar_seconds(const struct calendar *c, int64_t *ret_s);
