#include "net/out_queue.h"

#include <errno.h>
#include <stdlib.h>

#define FREE_MAX 32 /* pieces that are kept */

struct out_piece {
    struct out_piece *next;
    size_t begin, end;
    uint8_t data[OUT_PIECE_SIZE];
};

static struct out_piece *piece_get(struct out_pool *p)
{
    struct out_piece *piece = p->free;

    if (!piece) {
        piece = malloc(sizeof(*piece));
    } else {
        p->free = piece->next;
        p->n_free--;
    }
    if (piece) {
        piece->next = NULL;
        piece->begin = piece->end = 0;
    }
    return piece;
}

static void piece_put(struct out_pool *p, struct out_piece *piece)
{
    if (p->n_free == FREE_MAX) {
        free(piece);
        return;
    }
    piece->next = p->free;
    p->free = piece;
    p->n_free++;
}

static void pieces_put(struct out_pool *p, struct out_piece *piece)
{
    while (piece) {
        struct out_piece *next = piece->next;

        piece_put(p, piece);
        piece = next;
    }
}

void out_pool_done(struct out_pool *p)
{
    while (p->free) {
        struct out_piece *next = p->free->next;

        free(p->free);
        p->free = next;
    }
    p->n_free = 0;
}

/* New pieces at the end that have room for len bytes more than there is. */
static int reserve(struct out_queue *q, struct out_pool *p, size_t len, struct out_piece **ret_new)
{
    size_t room = q->last ? OUT_PIECE_SIZE - q->last->end : 0;
    struct out_piece *head = NULL, **at = &head;

    while (room < len) {
        *at = piece_get(p);
        if (!*at) {
            pieces_put(p, head);
            return -ENOMEM;
        }
        at = &(*at)->next;
        room += OUT_PIECE_SIZE;
    }
    *ret_new = head;
    return 0;
}

/* There is room for it. */
static void append(struct out_queue *q, struct bytes b)
{
    struct out_piece *piece = q->last;

    while (piece && b.len > 0) {
        size_t room = OUT_PIECE_SIZE - piece->end, n = b.len < room ? b.len : room;

        memcpy(piece->data + piece->end, b.p, n);
        piece->end += n;
        q->len += n;
        q->last = piece;
        b = bytes_of(b.p + n, b.len - n);
        piece = piece->next;
    }
}

int out_queue_put(struct out_queue *q, struct out_pool *p, const struct bytes *parts, size_t n)
{
    struct out_piece *fresh;
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += parts[i].len;
    if (reserve(q, p, len, &fresh) < 0)
        return -ENOMEM;
    if (q->last)
        q->last->next = fresh;
    else
        q->first = q->last = fresh;
    for (size_t i = 0; i < n; i++)
        append(q, parts[i]);
    return 0;
}

struct bytes out_queue_first(const struct out_queue *q)
{
    if (!q->first)
        return bytes_of(NULL, 0);
    return bytes_of(q->first->data + q->first->begin, q->first->end - q->first->begin);
}

void out_queue_take(struct out_queue *q, struct out_pool *p, size_t len)
{
    q->len -= len;
    while (q->first) {
        struct out_piece *piece = q->first;
        size_t n = piece->end - piece->begin;

        n = len < n ? len : n;
        piece->begin += n;
        len -= n;
        if (piece->begin < piece->end)
            return;
        q->first = piece->next;
        if (!q->first)
            q->last = NULL;
        piece_put(p, piece);
    }
}

void out_queue_clear(struct out_queue *q, struct out_pool *p)
{
    pieces_put(p, q->first);
    *q = (struct out_queue){.first = NULL};
}
