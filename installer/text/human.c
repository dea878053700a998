#include "text/human.h"

#include <stdio.h>
#include <time.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define US_PER_S 1000000

const char *human_duration(uint64_t seconds, char buf[static HUMAN_SIZE])
{
    unsigned long long s = seconds;

    if (s < MINUTE)
        snprintf(buf, HUMAN_SIZE, "%llu s", s);
    else if (s < HOUR)
        snprintf(buf, HUMAN_SIZE, "%llu min", s / MINUTE);
    else if (s < DAY)
        snprintf(buf, HUMAN_SIZE, "%llu h %llu min", s / HOUR, s % HOUR / MINUTE);
    else
        snprintf(buf, HUMAN_SIZE, "%llu d %llu h", s / DAY, s % DAY / HOUR);
    return buf;
}

const char *human_size(uint64_t bytes, char buf[static HUMAN_SIZE])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double n = (double) bytes / 1024;
    size_t i = 0;

    if (bytes < 1024) {
        snprintf(buf, HUMAN_SIZE, "%u B", (unsigned) bytes);
        return buf;
    }
    for (; n >= 1023.95 && i + 1 < sizeof(units) / sizeof(units[0]); i++)
        n /= 1024;
    snprintf(buf, HUMAN_SIZE, "%.1f %s", n, units[i]);
    return buf;
}

const char *human_time(uint64_t time_us, char buf[static HUMAN_SIZE])
{
    time_t s = (time_t) (time_us / US_PER_S);
    struct tm tm;

    localtime_r(&s, &tm);
    strftime(buf, HUMAN_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
    return buf;
}
