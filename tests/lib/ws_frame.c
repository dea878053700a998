#include "tests/lib/ws_frame.h"

static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};

size_t ws_frame_make(uint8_t *to, unsigned opcode, const void *data, size_t len)
{
    const uint8_t *from = data;
    size_t n = 0;

    to[n++] = (uint8_t) (0x80 | opcode);
    if (len < 126) {
        to[n++] = (uint8_t) (0x80 | len);
    } else {
        to[n++] = 0x80 | 126;
        to[n++] = (uint8_t) (len >> 8);
        to[n++] = (uint8_t) len;
    }
    memcpy(to + n, mask, sizeof(mask));
    n += sizeof(mask);
    for (size_t i = 0; i < len; i++)
        to[n++] = from[i] ^ mask[i % sizeof(mask)];
    return n;
}

static size_t head_size(const struct ws_reader *r)
{
    unsigned len = r->head_len < 2 ? 0 : r->head[1] & 0x7f;

    if (len < 126)
        return 2;
    return len == 126 ? 4 : 10;
}

/* True once it is whole. */
static bool take_head(struct ws_reader *r, struct bytes *b)
{
    while (b->len > 0 && r->head_len < head_size(r)) {
        r->head[r->head_len++] = *b->p++;
        b->len--;
    }
    if (r->head_len < head_size(r))
        return false;
    r->len = r->head[1] & 0x7f;
    if (r->len >= 126) {
        r->len = 0;
        for (size_t i = 2; i < r->head_len; i++)
            r->len = r->len << 8 | r->head[i];
    }
    r->left = r->len;
    r->n_kept = 0;
    return true;
}

static void take_payload(struct ws_reader *r, struct bytes *b)
{
    size_t n = r->left < b->len ? (size_t) r->left : b->len;
    size_t keep = n < sizeof(r->kept) - r->n_kept ? n : sizeof(r->kept) - r->n_kept;

    memcpy(r->kept + r->n_kept, b->p, keep);
    r->n_kept += keep;
    r->left -= n;
    b->p += n;
    b->len -= n;
}

void ws_reader_feed(struct ws_reader *r, struct bytes b, ws_frame_fn *fn, void *arg)
{
    while (b.len > 0) {
        bool whole_head = r->head_len >= 2 && r->head_len == head_size(r);

        if (!whole_head && !take_head(r, &b))
            return;
        take_payload(r, &b);
        if (r->left > 0)
            return;
        r->head_len = 0;
        fn(r->head[0] & 0x0f, bytes_of(r->kept, r->n_kept), r->len, arg);
    }
}
