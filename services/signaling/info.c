#include "signaling/info.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define LINE_SIZE 768 /* three ids, and a few words */

int info_add(struct info *i, struct info_listener *l)
{
    if (i->n == INFO_LISTENERS_MAX)
        return -ENOSPC;
    if (i->n == 0)
        list_init(&i->listeners);
    list_append(&i->listeners, &l->node);
    i->n++;
    return 0;
}

void info_remove(struct info *i, struct info_listener *l)
{
    list_del(&l->node);
    i->n--;
}

static size_t put_head(char *text, size_t cap, struct log_ids ids)
{
    const struct {
        const char *word, *value;
    } parts[] = {{"session", ids.session}, {"connection", ids.connection}, {"stream", ids.stream}};
    time_t now = (time_t) (clock_wall_ms() / 1000);
    struct tm tm;
    size_t n;

    localtime_r(&now, &tm);
    n = strftime(text, cap, "%H:%M:%S ", &tm);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].value)
            n += (size_t) snprintf(text + n, cap - n, "%s%s %.160s", i == 0 ? "[" : " ",
                                   parts[i].word, parts[i].value);
    return n + (size_t) snprintf(text + n, cap - n, "] ");
}

void info_tell(struct info *i, struct log_ids ids, const char *fmt, ...)
{
    char text[LINE_SIZE];
    struct info_listener *l;
    va_list ap;
    size_t n;

    if (i->n == 0)
        return;
    n = put_head(text, sizeof(text), ids);
    va_start(ap, fmt);
    vsnprintf(text + n, sizeof(text) - n, fmt, ap);
    va_end(ap);
    list_for_each (l, &i->listeners, node)
        l->send(l, bytes_str(text));
}
