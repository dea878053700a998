#include "media/ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#define LINE 64 /* of the caches: what the two threads write lies apart */
#define ALIGNMENT 8

/* What precedes each record. A record is never broken: one that does not fit before the end of the
 * memory begins at its start, and a header with SKIP fills the rest. */
struct header {
    uint32_t len; /* SKIP: the next record is at the start */
    uint32_t size;
};
#define SKIP UINT32_MAX

/* Positions only grow; modulo size they are places in the memory. */
struct ring {
    _Alignas(LINE) atomic_size_t published; /* the writer's */
    size_t head;                            /* where the next record goes */
    size_t released_seen;                   /* of released, when it was last looked at */
    _Alignas(LINE) atomic_size_t released;  /* the reader's */
    size_t tail;                            /* of the record that ring_peek() gives */
    size_t published_seen;
    _Alignas(LINE) size_t size;
    uint8_t *memory;
};

int ring_new(size_t size, struct ring **ret_r)
{
    struct ring *r;

    if (size < 4 * RING_RECORD_MAX || size > (size_t) 1 << 30 || size & (size - 1))
        return -EINVAL;
    r = aligned_alloc(LINE, (sizeof(*r) + LINE - 1) / LINE * LINE);
    if (!r)
        return -ENOMEM;
    memset(r, 0, sizeof(*r));
    atomic_init(&r->published, 0);
    atomic_init(&r->released, 0);
    r->size = size;
    r->memory = aligned_alloc(LINE, size);
    if (!r->memory) {
        ring_free(r);
        return -ENOMEM;
    }
    *ret_r = r;
    return 0;
}

struct ring *ring_free(struct ring *r)
{
    if (r)
        free(r->memory);
    free(r);
    return NULL;
}

/* ---- writing ---- */

static bool has_room(struct ring *r, size_t size)
{
    if (r->size - (r->head - r->released_seen) >= size)
        return true;
    r->released_seen = atomic_load_explicit(&r->released, memory_order_acquire);
    return r->size - (r->head - r->released_seen) >= size;
}

static void put_header(struct ring *r, uint32_t len, size_t size)
{
    struct header h = {.len = len, .size = (uint32_t) size};

    memcpy(r->memory + (r->head & (r->size - 1)), &h, sizeof(h));
}

void *ring_reserve(struct ring *r, size_t len)
{
    size_t size = sizeof(struct header) + (len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t to_end = r->size - (r->head & (r->size - 1));
    void *room;

    if (len > RING_RECORD_MAX || !has_room(r, to_end < size ? to_end + size : size))
        return NULL;
    if (to_end < size) {
        put_header(r, SKIP, to_end);
        r->head += to_end;
    }
    put_header(r, (uint32_t) len, size);
    room = r->memory + (r->head & (r->size - 1)) + sizeof(struct header);
    r->head += size;
    return room;
}

bool ring_publish(struct ring *r)
{
    if (atomic_load_explicit(&r->published, memory_order_relaxed) == r->head)
        return false;
    atomic_store(&r->published, r->head); /* in one order with the flag that wakes the reader */
    return true;
}

/* ---- reading ---- */

static struct header header_at(const struct ring *r, size_t position)
{
    struct header h;

    memcpy(&h, r->memory + (position & (r->size - 1)), sizeof(h));
    return h;
}

struct bytes ring_peek(struct ring *r)
{
    struct header h;

    if (r->tail == r->published_seen)
        r->published_seen = atomic_load(&r->published);
    if (r->tail == r->published_seen)
        return bytes_of(NULL, 0);
    h = header_at(r, r->tail);
    if (h.len == SKIP) { /* a record always follows */
        r->tail += h.size;
        h = header_at(r, r->tail);
    }
    return bytes_of(r->memory + (r->tail & (r->size - 1)) + sizeof(h), h.len);
}

void ring_next(struct ring *r)
{
    r->tail += header_at(r, r->tail).size;
}

void ring_release(struct ring *r)
{
    if (atomic_load_explicit(&r->released, memory_order_relaxed) != r->tail)
        atomic_store_explicit(&r->released, r->tail, memory_order_release);
}
