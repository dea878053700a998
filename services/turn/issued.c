#include "turn/issued.h"

#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

struct issued {
    struct map *by_name;
    unsigned round; /* counts the daemons that connected */
};

struct name {
    unsigned round; /* in which it was said last */
    size_t len;
    uint8_t text[];
};

int issued_new(size_t max, struct issued **ret_issued)
{
    struct issued *i = calloc(1, sizeof(*i));
    int r;

    if (!i)
        return -ENOMEM;
    r = map_new(max, &i->by_name);
    if (r < 0) {
        free(i);
        return r;
    }
    *ret_issued = i;
    return 0;
}

struct issued *issued_free(struct issued *i)
{
    struct name *n;
    size_t pos = 0;

    if (!i)
        return NULL;
    while ((n = map_next(i->by_name, &pos)))
        free(n);
    map_free(i->by_name);
    free(i);
    return NULL;
}

void issued_begin(struct issued *i)
{
    i->round++;
}

int issued_put(struct issued *i, struct bytes name)
{
    struct name *n = map_get(i->by_name, name);
    int r;

    if (n) {
        n->round = i->round;
        return 0;
    }
    n = malloc(sizeof(*n) + name.len);
    if (!n)
        return -ENOMEM;
    *n = (struct name){.round = i->round, .len = name.len};
    if (name.len)
        memcpy(n->text, name.p, name.len);
    r = map_put(i->by_name, name, n);
    if (r < 0)
        free(n);
    return r;
}

void issued_del(struct issued *i, struct bytes name)
{
    free(map_del(i->by_name, name));
}

bool issued_next_left_over(const struct issued *i, size_t *pos, struct bytes *ret_name)
{
    const struct name *n;

    while ((n = map_next(i->by_name, pos))) {
        if (n->round == i->round)
            continue;
        *ret_name = bytes_of(n->text, n->len);
        return true;
    }
    return false;
}
