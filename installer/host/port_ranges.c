#include "host/port_ranges.h"

#include <stdlib.h>
#include <string.h>

static bool take_port(const char **p, uint16_t *ret)
{
    unsigned long v;
    char *end;

    if (**p < '0' || **p > '9')
        return false;
    v = strtoul(*p, &end, 10);
    if (v > 65535)
        return false;
    *ret = (uint16_t) v;
    *p = end;
    return true;
}

bool port_range_parse(const char *text, struct port_range *ret)
{
    struct port_range r;

    if (!take_port(&text, &r.first))
        return false;
    text += strspn(text, "- \t");
    if (!take_port(&text, &r.last))
        r.last = r.first;
    *ret = r;
    return true;
}

struct port_range port_range_common(struct port_range a, struct port_range b)
{
    return (struct port_range){
        .first = a.first > b.first ? a.first : b.first,
        .last = a.last < b.last ? a.last : b.last,
    };
}

/* The kernel sorts the list and joins what touches, but people may not. */
bool port_ranges_cover(const char *list, struct port_range r)
{
    uint32_t next = r.first; /* all before it are covered */
    bool found = true;

    while (found && next <= r.last) {
        const char *p = list;

        found = false;
        while (*p && !found) {
            struct port_range one;

            if (port_range_parse(p, &one) && one.first <= next && one.last >= next) {
                next = one.last + 1u;
                found = true;
            }
            p += strcspn(p, ",");
            p += *p == ',';
        }
    }
    return next > r.last;
}

bool port_ranges_none(const char *list)
{
    return list[strspn(list, " \t\n")] == '\0';
}
