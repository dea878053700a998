#include "media/history.h"

#include <errno.h>
#include <stdlib.h>

#define KIB ((size_t) 1024)
#define PAGE (4 * KIB)
#define TICK_MIN_US 100000 /* a rate measured over less time says little */

const struct history_config history_video = {
    .n_slots = 512, .min_bytes = 32 * KIB, .max_bytes = 512 * KIB, .max_age_us = 1000000};
const struct history_config history_audio = {
    .n_slots = 64, .min_bytes = 4 * KIB, .max_bytes = 32 * KIB, .max_age_us = 1000000};

/* What precedes each packet in the ring. Records lie in the order in which they were put and are
 * given up in that order. */
struct record {
    uint64_t seq;
    uint32_t put_ms; /* modulo 2^32; nothing lives long enough to be mistaken */
    uint16_t len;    /* SKIP: the ring goes on at its beginning */
};
#define SKIP UINT16_MAX
#define NOWHERE UINT32_MAX

struct history {
    struct history_config config;
    uint8_t *ring;
    size_t cap;
    size_t tail, head; /* the oldest record; where the next one goes */
    size_t n_records;
    uint64_t highest;
    size_t bytes, peak; /* in records; the most since the last tick */
    bool short_of_room; /* young packets were given up since the last tick */
    size_t put;         /* bytes since the last tick, which was at … */
    uint64_t tick_us;   /* … this time; 0: nothing was put before the first */
    uint32_t slots[];   /* where the record of packet seq is: in slots[seq % n_slots] */
};

static size_t record_size(size_t len)
{
    return sizeof(struct record) + ((len + 7) & ~(size_t) 7);
}

static void forget_all(struct history *h)
{
    memset(h->slots, 0xff, h->config.n_slots * sizeof(h->slots[0]));
    h->tail = h->head = h->n_records = h->bytes = 0;
}

int history_new(const struct history_config *config, struct history **ret_history)
{
    struct history *h;
    unsigned n = config->n_slots;

    if (n == 0 || n > 65536 || n & (n - 1) || config->min_bytes < 4 * KIB ||
        config->max_bytes < config->min_bytes || config->max_bytes > 16 * KIB * KIB ||
        config->max_age_us > 60000000)
        return -EINVAL;
    h = calloc(1, sizeof(*h) + n * sizeof(h->slots[0]));
    if (!h)
        return -ENOMEM;
    h->config = *config;
    h->cap = config->min_bytes;
    h->ring = malloc(h->cap);
    if (!h->ring) {
        free(h);
        return -ENOMEM;
    }
    forget_all(h);
    *ret_history = h;
    return 0;
}

struct history *history_free(struct history *h)
{
    if (h) {
        free(h->ring);
        free(h);
    }
    return NULL;
}

static struct record record_at(const struct history *h, size_t offset)
{
    struct record rec;

    memcpy(&rec, h->ring + offset, sizeof(rec));
    return rec;
}

static uint32_t *slot_of(struct history *h, uint64_t seq)
{
    return &h->slots[seq % h->config.n_slots];
}

static bool too_old(const struct history *h, const struct record *rec, uint64_t now_us)
{
    return (uint32_t) (now_us / 1000) - rec->put_ms > h->config.max_age_us / 1000;
}

/* Brings tail to the oldest record, of which there must be one. */
static struct record oldest(struct history *h)
{
    struct record rec = {.len = SKIP};

    if (h->cap - h->tail >= sizeof(rec))
        rec = record_at(h, h->tail);
    if (rec.len == SKIP) {
        h->tail = 0;
        rec = record_at(h, 0);
    }
    return rec;
}

static void give_up_oldest(struct history *h)
{
    struct record rec = oldest(h);
    uint32_t *slot = slot_of(h, rec.seq);

    if (*slot == h->tail)
        *slot = NOWHERE;
    h->bytes -= record_size(rec.len);
    h->tail += record_size(rec.len);
    if (--h->n_records == 0)
        h->tail = h->head = 0;
}

static void give_up_old_ones(struct history *h, uint64_t now_us)
{
    while (h->n_records) {
        struct record rec = oldest(h);

        if (!too_old(h, &rec, now_us))
            return;
        give_up_oldest(h);
    }
}

/* Room for size bytes in one piece at head, perhaps by going on at the ring's beginning. */
static bool has_room(struct history *h, size_t size)
{
    if (h->n_records && h->head <= h->tail)
        return h->tail - h->head >= size;
    if (h->cap - h->head >= size)
        return true;
    if (h->tail < size)
        return false;
    if (h->cap - h->head >= sizeof(struct record))
        memcpy(h->ring + h->head, &(struct record){.len = SKIP}, sizeof(struct record));
    h->head = 0;
    return true;
}

static void append(struct history *h, const struct record *rec, const uint8_t *packet)
{
    memcpy(h->ring + h->head, rec, sizeof(*rec));
    if (rec->len)
        memcpy(h->ring + h->head + sizeof(*rec), packet, rec->len);
    *slot_of(h, rec->seq) = (uint32_t) h->head;
    h->head += record_size(rec->len);
    h->bytes += record_size(rec->len);
    h->n_records++;
}

int history_put(struct history *h, uint64_t seq, struct bytes packet, uint64_t now_us)
{
    struct record rec = {
        .seq = seq, .put_ms = (uint32_t) (now_us / 1000), .len = (uint16_t) packet.len};
    uint32_t *slot = slot_of(h, seq);

    if (packet.len > HISTORY_PACKET_MAX)
        return -E2BIG;
    give_up_old_ones(h, now_us);
    if (*slot != NOWHERE && record_at(h, *slot).seq >= seq)
        return record_at(h, *slot).seq == seq ? -EEXIST : -ERANGE;
    while (!has_room(h, record_size(packet.len))) {
        h->short_of_room = true;
        give_up_oldest(h);
    }
    append(h, &rec, packet.p);
    h->put += record_size(packet.len);
    if (h->tick_us == 0)
        h->tick_us = now_us;
    if (h->bytes > h->peak)
        h->peak = h->bytes;
    if (h->n_records == 1 || seq > h->highest)
        h->highest = seq;
    return 0;
}

struct bytes history_find(const struct history *h, uint64_t seq, uint64_t now_us)
{
    uint32_t at = h->slots[seq % h->config.n_slots];
    struct record rec;

    if (at == NOWHERE)
        return (struct bytes){.p = NULL};
    rec = record_at(h, at);
    if (rec.seq != seq || too_old(h, &rec, now_us))
        return (struct bytes){.p = NULL};
    return bytes_of(h->ring + at + sizeof(rec), rec.len);
}

struct bytes history_next(const struct history *h, uint64_t seq, uint64_t now_us, uint64_t *ret_seq)
{
    struct bytes packet = {.p = NULL};

    if (h->n_records == 0)
        return packet;
    if (h->highest >= h->config.n_slots && seq <= h->highest - h->config.n_slots)
        seq = h->highest - h->config.n_slots + 1;
    for (; seq <= h->highest; seq++) {
        packet = history_find(h, seq, now_us);
        if (packet.p) {
            *ret_seq = seq;
            break;
        }
    }
    return packet;
}

/* Moves the records, in their order, to a ring of cap bytes; they fit. */
static int resize(struct history *h, size_t cap)
{
    uint8_t *old = h->ring;
    uint8_t *ring = malloc(cap);
    size_t n = h->n_records;
    size_t at = h->tail;
    size_t old_cap = h->cap;

    if (!ring)
        return -ENOMEM;
    h->ring = ring;
    h->cap = cap;
    forget_all(h);
    for (; n; n--) {
        struct record rec = {.len = SKIP};

        if (old_cap - at >= sizeof(rec))
            memcpy(&rec, old + at, sizeof(rec));
        if (rec.len == SKIP) {
            memcpy(&rec, old, sizeof(rec));
            at = 0;
        }
        append(h, &rec, old + at + sizeof(rec));
        at += record_size(rec.len);
    }
    free(old);
    return 0;
}

/* What max_age_us bring at the rate since the last tick, and a quarter more; 0: nobody knows. */
static size_t expected_bytes(const struct history *h, uint64_t now_us)
{
    uint64_t elapsed_us = now_us - h->tick_us;

    if (h->tick_us == 0 || now_us <= h->tick_us)
        return 0;
    if (elapsed_us < TICK_MIN_US)
        elapsed_us = TICK_MIN_US;
    return (size_t) (h->put * h->config.max_age_us / elapsed_us * 5 / 4 + PAGE - 1) / PAGE * PAGE;
}

int history_tick(struct history *h, uint64_t now_us)
{
    size_t expected = expected_bytes(h, now_us), cap = h->cap;

    give_up_old_ones(h, now_us);
    if (h->short_of_room || expected > cap)
        cap = expected > cap * 2 ? expected : cap * 2;
    else if (h->peak < cap / 4 && expected < cap / 2)
        cap = cap / 2;
    cap = cap < h->config.min_bytes ? h->config.min_bytes : cap;
    cap = cap > h->config.max_bytes ? h->config.max_bytes : cap;
    h->put = 0;
    h->tick_us = now_us;
    h->peak = h->bytes;
    h->short_of_room = false;
    return cap == h->cap ? 0 : resize(h, cap);
}

void history_clear(struct history *h)
{
    forget_all(h);
}

size_t history_memory(const struct history *h)
{
    return sizeof(*h) + h->config.n_slots * sizeof(h->slots[0]) + h->cap;
}
