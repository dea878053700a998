#include "media/kept_text.h"

#include "base/buf.h"

#include <stdlib.h>

#define LINES_MAX 320 /* of a text that are compared; browsers' SDPs have up to 200 */
#define WHOLE_SIZE 4  /* bytes of one step */
#define WORTH 2       /* a text that is not so many times smaller by its base becomes one itself */

struct kept_base {
    unsigned n_refs;
    size_t len;
    uint8_t text[];
};

/* Steps, one after the other:
 *   n (2) > 0, at (2)      n bytes of the base, from there on
 *   0 (2), n (2), n bytes  these */
struct kept_text {
    struct kept_base *base; /* one reference */
    size_t text_len;
    size_t len;
    uint8_t steps[];
};

struct lines {
    unsigned n;
    struct bytes items[LINES_MAX];
};

static struct bytes next_line(struct bytes *text)
{
    const uint8_t *end = text->len > 0 ? memchr(text->p, '\n', text->len) : NULL;
    size_t len = end ? (size_t) (end - text->p) + 1 : text->len;
    struct bytes line = bytes_of(text->p, len);

    *text = bytes_of(len > 0 ? text->p + len : text->p, text->len - len);
    return line;
}

static void split(struct bytes text, struct lines *ret)
{
    ret->n = 0;
    while (text.len > 0 && ret->n < LINES_MAX)
        ret->items[ret->n++] = next_line(&text);
}

/* ---- the difference ---- */

struct difference {
    struct wr w;
    const struct kept_base *base;
    struct bytes same; /* of the base, a step not written yet */
    struct bytes own;  /* of the text, likewise; one of the two is empty */
};

static void end_step(struct difference *d)
{
    if (d->same.len > 0) {
        wr_u16(&d->w, (uint16_t) d->same.len);
        wr_u16(&d->w, (uint16_t) (d->same.p - d->base->text));
    } else if (d->own.len > 0) {
        wr_u16(&d->w, 0);
        wr_u16(&d->w, (uint16_t) d->own.len);
        wr_bytes(&d->w, d->own);
    }
    d->same = d->own = bytes_of(NULL, 0);
}

/* Goes on from where the step is, else begins one. */
static void add(struct difference *d, struct bytes *step, struct bytes line)
{
    if (step->len > 0 && step->p + step->len == line.p) {
        step->len += line.len;
        return;
    }
    end_step(d);
    *step = line;
}

/* A line of the base that is the same: the expected one, if it is that. */
static const struct bytes *find(const struct lines *base, unsigned expected, struct bytes line)
{
    for (unsigned i = 0; i < base->n; i++) {
        const struct bytes *candidate = &base->items[(expected + i) % base->n];

        if (bytes_eq(*candidate, line))
            return candidate;
    }
    return NULL;
}

/* Writes the steps that make text of base; -ENOSPC when they take more than cap bytes. */
static int compare(const struct kept_base *base, struct bytes text, uint8_t *steps, size_t cap,
                   size_t *ret_len)
{
    struct difference d = {.w = wr_init(steps, cap), .base = base};
    struct lines lines;
    unsigned expected = 0;

    split(bytes_of(base->text, base->len), &lines);
    for (unsigned i = 0; text.len > 0 && !d.w.failed; i++) {
        struct bytes line = next_line(&text);
        const struct bytes *same = i < LINES_MAX ? find(&lines, expected, line) : NULL;

        if (same) {
            expected = (unsigned) (same - lines.items) + 1;
            add(&d, &d.same, *same);
        } else {
            add(&d, &d.own, line);
        }
    }
    end_step(&d);
    return wr_finish(&d.w, ret_len);
}

/* ---- the bases ---- */

static void base_unref(struct kept_base *b)
{
    if (b && --b->n_refs == 0)
        free(b);
}

/* To the first place, from the i-th. */
static void bring_forward(struct kept_bases *b, unsigned i)
{
    struct kept_base *item = b->items[i];

    memmove(&b->items[1], &b->items[0], i * sizeof(b->items[0]));
    b->items[0] = item;
}

static struct kept_base *add_base(struct kept_bases *b, struct bytes text)
{
    struct kept_base *base = malloc(sizeof(*base) + text.len);

    if (!base)
        return NULL;
    base->n_refs = 1;
    base->len = text.len;
    if (text.len > 0)
        memcpy(base->text, text.p, text.len);
    base_unref(b->items[KEPT_TEXT_BASES - 1]);
    b->items[KEPT_TEXT_BASES - 1] = base;
    bring_forward(b, KEPT_TEXT_BASES - 1);
    return base;
}

void kept_bases_done(struct kept_bases *b)
{
    for (unsigned i = 0; i < KEPT_TEXT_BASES; i++) {
        base_unref(b->items[i]);
        b->items[i] = NULL;
    }
}

/* ---- texts ---- */

/* The first base that is worth it, with the steps from there; else NULL. */
static struct kept_base *find_base(struct kept_bases *b, struct bytes text, uint8_t *steps,
                                   size_t *ret_len)
{
    for (unsigned i = 0; i < KEPT_TEXT_BASES && b->items[i]; i++) {
        if (compare(b->items[i], text, steps, text.len / WORTH, ret_len) == 0) {
            bring_forward(b, i);
            return b->items[0];
        }
    }
    return NULL;
}

/* A text that is its own base. */
static size_t put_whole(const struct kept_base *base, uint8_t steps[static WHOLE_SIZE])
{
    struct difference d = {.w = wr_init(steps, WHOLE_SIZE), .base = base};

    d.same = bytes_of(base->text, base->len);
    end_step(&d);
    return wr_len(&d.w);
}

static struct kept_text *keep_steps(struct kept_base *base, struct bytes text, struct bytes steps)
{
    struct kept_text *t = malloc(sizeof(*t) + steps.len);

    if (!t)
        return NULL;
    *t = (struct kept_text){.base = base, .text_len = text.len, .len = steps.len};
    if (steps.len > 0)
        memcpy(t->steps, steps.p, steps.len);
    base->n_refs++;
    return t;
}

int kept_text_new(struct kept_bases *b, struct bytes text, struct kept_text **ret_text)
{
    struct kept_text *t = NULL;
    struct kept_base *base;
    uint8_t *steps;
    size_t len;

    if (text.len > UINT16_MAX)
        return -E2BIG;
    steps = malloc(text.len + WHOLE_SIZE);
    if (!steps)
        return -ENOMEM;
    base = find_base(b, text, steps, &len);
    if (!base) {
        base = add_base(b, text);
        len = base ? put_whole(base, steps) : 0;
    }
    if (base)
        t = keep_steps(base, text, bytes_of(steps, len));
    free(steps);
    if (!t)
        return -ENOMEM;
    *ret_text = t;
    return 0;
}

struct kept_text *kept_text_free(struct kept_text *t)
{
    if (t)
        base_unref(t->base);
    free(t);
    return NULL;
}

char *kept_text_restore(const struct kept_text *t)
{
    char *text = t ? malloc(t->text_len + 1) : NULL;
    struct wr w = wr_init(text, text ? t->text_len : 0);
    struct rd r;

    if (!text)
        return NULL;
    r = rd_init(bytes_of(t->steps, t->len));
    while (rd_left(&r) > 0) {
        size_t n = rd_u16(&r), more = rd_u16(&r);

        wr_bytes(&w, n > 0 ? bytes_of(t->base->text + more, n) : rd_bytes(&r, more));
    }
    text[t->text_len] = '\0';
    return text;
}
