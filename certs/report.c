#include "certs/report.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 2048

static void say(const struct report *r, bool is_fault, bool is_problem, const char *fmt,
                va_list args)
{
    char text[TEXT_MAX];

    if (!r->tell || (r->faults_only && !is_fault))
        return;
    vsnprintf(text, sizeof(text), fmt, args);
    r->tell(is_problem, text, r->arg);
}

void report_fault(struct report *r, const char *fmt, ...)
{
    va_list args;

    r->faults++;
    va_start(args, fmt);
    say(r, true, true, fmt, args);
    va_end(args);
}

void report_warning(struct report *r, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(r, false, true, fmt, args);
    va_end(args);
}

void report_news(struct report *r, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(r, false, false, fmt, args);
    va_end(args);
}
