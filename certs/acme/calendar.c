#include "acme/calendar.h"

#include <errno.h>
#include <stdbool.h>

#define DAYS_TO_1970 719528 /* from the first day of the year 0 */

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year) ? 1U : 0U);
}

int calendar_seconds(const struct calendar *c, int64_t *ret_s)
{
    int64_t days;

    if (c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > days_of(c->year, c->month) || c->hour > 23 || c->minute > 59 || c->second > 60)
        return -EBADMSG;
    days =
        (int64_t) c->year * 365 + (c->year + 3) / 4 - (c->year + 99) / 100 + (c->year + 399) / 400;
    for (unsigned month = 1; month < c->month; month++)
        days += days_of(c->year, month);
    days += c->day - 1;
    *ret_s = (days - DAYS_TO_1970) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
    return 0;
}
