/* A map to find names, and a binary heap whose first entry expires first. */
#include "link/turn_names.h"

#include "base/map.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#define EXPIRY_MAX_S 99999999999u /* a date in the year 5138 */
#define MIN_ROOM 16

struct entry {
    uint64_t expiry_s;
    uint8_t len;
    uint8_t name[];
};

struct turn_names {
    struct map *by_name;
    struct entry **heap;
    size_t n, room, max;
};

_Static_assert(TURN_NAME_MAX <= UINT8_MAX, "len holds it");

int turn_name_expiry(struct bytes name, uint64_t *ret_s)
{
    const uint8_t *colon = name.len ? memchr(name.p, ':', name.len) : NULL;

    if (colon)
        name.len = (size_t) (colon - name.p);
    return bytes_to_u64(name, EXPIRY_MAX_S, ret_s);
}

void turn_name_join(struct bytes name, char ret[static TURN_JOIN_SIZE])
{
    const uint8_t *colon = name.len ? memchr(name.p, ':', name.len) : NULL;
    size_t len = colon ? (size_t) (name.p + name.len - colon) - 1 : 0;

    ret[0] = '\0';
    if (len >= TURN_JOIN_SIZE)
        return;
    for (size_t i = 0; i < len; i++)
        if (!isalnum(colon[1 + i]))
            return;
    if (len)
        memcpy(ret, colon + 1, len);
    ret[len] = '\0';
}

int turn_names_new(size_t max, struct turn_names **ret_names)
{
    struct turn_names *t = calloc(1, sizeof(*t));
    int r;

    if (!t)
        return -ENOMEM;
    t->max = max;
    r = map_new(max, &t->by_name);
    if (r < 0) {
        free(t);
        return r;
    }
    *ret_names = t;
    return 0;
}

struct turn_names *turn_names_free(struct turn_names *t)
{
    if (!t)
        return NULL;
    for (size_t i = 0; i < t->n; i++)
        free(t->heap[i]);
    free(t->heap);
    map_free(t->by_name);
    free(t);
    return NULL;
}

size_t turn_names_count(const struct turn_names *t)
{
    return t->n;
}

/* ---- the heap ---- */

/* The newest, at the end, to where it belongs. */
static void rise(struct turn_names *t)
{
    size_t at = t->n - 1;
    struct entry *e = t->heap[at];

    for (; at > 0 && e->expiry_s < t->heap[(at - 1) / 2]->expiry_s; at = (at - 1) / 2)
        t->heap[at] = t->heap[(at - 1) / 2];
    t->heap[at] = e;
}

static void sink(struct turn_names *t, struct entry *e)
{
    size_t at = 0, child;

    while ((child = 2 * at + 1) < t->n) {
        if (child + 1 < t->n && t->heap[child + 1]->expiry_s < t->heap[child]->expiry_s)
            child++;
        if (e->expiry_s <= t->heap[child]->expiry_s)
            break;
        t->heap[at] = t->heap[child];
        at = child;
    }
    t->heap[at] = e;
}

static void drop_first(struct turn_names *t)
{
    struct entry *first = t->heap[0], *last = t->heap[--t->n];

    if (t->n > 0)
        sink(t, last);
    /* sink() has put another one first: NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    (void) map_del(t->by_name, bytes_of(first->name, first->len));
    free(first);
}

static int make_room(struct turn_names *t)
{
    size_t room = t->room ? 2 * t->room : MIN_ROOM;
    struct entry **heap;

    if (t->n < t->room)
        return 0;
    heap = reallocarray(t->heap, room, sizeof(struct entry *));
    if (!heap)
        return -ENOMEM;
    t->heap = heap;
    t->room = room;
    return 0;
}

/* ---- the set ---- */

static int add(struct turn_names *t, struct bytes name, uint64_t expiry_s)
{
    struct entry *e;
    int r = make_room(t);

    if (r < 0)
        return r;
    e = malloc(sizeof(*e) + name.len);
    if (!e)
        return -ENOMEM;
    *e = (struct entry){.expiry_s = expiry_s, .len = (uint8_t) name.len};
    memcpy(e->name, name.p, name.len);
    r = map_put(t->by_name, name, e);
    if (r < 0) {
        free(e);
        return r;
    }
    t->heap[t->n++] = e;
    rise(t);
    return 0;
}

int turn_names_put(struct turn_names *t, struct bytes name, uint64_t now_s)
{
    uint64_t expiry_s;
    bool full;
    int r;

    if (name.len > TURN_NAME_MAX || turn_name_expiry(name, &expiry_s) < 0)
        return -EBADMSG;
    if (expiry_s <= now_s)
        return -ETIME;
    if (turn_names_has(t, name))
        return 0;
    if (t->n == t->max)
        turn_names_expire(t, now_s);
    full = t->n == t->max;
    if (full)
        drop_first(t);
    r = add(t, name, expiry_s);
    return r < 0 ? r : full;
}

bool turn_names_has(const struct turn_names *t, struct bytes name)
{
    return t->n > 0 && map_get(t->by_name, name);
}

void turn_names_expire(struct turn_names *t, uint64_t now_s)
{
    while (t->n > 0 && t->heap[0]->expiry_s <= now_s)
        drop_first(t);
}

bool turn_names_next(const struct turn_names *t, size_t *pos, struct bytes *ret_name)
{
    const struct entry *e;

    if (*pos >= t->n)
        return false;
    e = t->heap[(*pos)++];
    *ret_name = bytes_of(e->name, e->len);
    return true;
}
