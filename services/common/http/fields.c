#include "http/fields.h"

#include <strings.h>

struct http_fields http_fields_init(void)
{
    return (struct http_fields){.text = blob_init(HTTP_FIELDS_SIZE)};
}

void http_fields_done(struct http_fields *f)
{
    blob_clear(&f->text);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct bytes trim(struct bytes b)
{
    while (b.len && is_blank(b.p[b.len - 1]))
        b.len--;
    while (b.len && is_blank(b.p[0]))
        b = bytes_of(b.p + 1, b.len - 1);
    return b;
}

/* Control characters belong in no field (RFC 9110 section 5.5). */
static bool is_clean(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if ((b.p[i] < ' ' && b.p[i] != '\t') || b.p[i] == 0x7f)
            return false;
    return true;
}

/* Both of it or nothing. */
static void put(struct http_fields *f, struct bytes name, struct bytes value)
{
    size_t before = f->text.len;
    int r = blob_append(&f->text, name);

    if (r == 0)
        r = blob_append(&f->text, bytes_of("", 1));
    if (r == 0)
        r = blob_append(&f->text, value);
    if (r == 0)
        r = blob_append(&f->text, bytes_of("", 1));
    if (r == 0)
        f->n++;
    else
        f->text.len = before;
}

void http_fields_add(struct http_fields *f, struct bytes line)
{
    const uint8_t *colon;

    if (bytes_starts_with(line, "HTTP/")) {
        http_fields_done(f);
        *f = http_fields_init();
        return;
    }
    while (line.len && (line.p[line.len - 1] == '\r' || line.p[line.len - 1] == '\n'))
        line.len--;
    if (line.len == 0)
        f->ended = true;
    if (f->ended || f->n == HTTP_FIELDS_MAX || !is_clean(line))
        return;
    colon = memchr(line.p, ':', line.len);
    if (!colon || colon == line.p)
        return;
    put(f, bytes_of(line.p, (size_t) (colon - line.p)),
        trim(bytes_of(colon + 1, (size_t) (line.p + line.len - colon - 1))));
}

const char *http_fields_get(const struct http_fields *f, const char *name, size_t n)
{
    const char *at = (const char *) f->text.p;

    for (unsigned i = 0; i < f->n; i++) {
        const char *value = at + strlen(at) + 1;

        if (strcasecmp(at, name) == 0 && n-- == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}
