#include "settings/envedit.h"

#include "base/buf.h"
#include "base/crypto.h"

#include <errno.h>
#include <stdlib.h>

struct line {
    struct bytes text; /* without its end */
    size_t at, next;
};

static bool next_line(struct bytes text, size_t at, struct line *ret)
{
    const uint8_t *end;

    if (at >= text.len)
        return false;
    end = memchr(text.p + at, '\n', text.len - at);
    ret->at = at;
    ret->text = bytes_of(text.p + at, end ? (size_t) (end - text.p) - at : text.len - at);
    ret->next = at + ret->text.len + (end ? 1 : 0);
    return true;
}

static struct bytes skip(struct bytes b, const char *characters)
{
    while (b.len > 0 && strchr(characters, b.p[0]) && b.p[0])
        b = bytes_of(b.p + 1, b.len - 1);
    return b;
}

/* "KEY=", with blanks around the key and perhaps "export" before it. */
static bool assigns(struct bytes line, const char *key)
{
    size_t len = strlen(key);

    line = skip(line, " \t");
    if (bytes_starts_with(line, "export "))
        line = skip(bytes_of(line.p + 7, line.len - 7), " \t");
    if (!bytes_starts_with(line, key))
        return false;
    line = skip(bytes_of(line.p + len, line.len - len), " \t");
    return line.len > 0 && line.p[0] == '=';
}

static bool assigns_in_comment(struct bytes line, const char *key)
{
    return line.len > 0 && line.p[0] == '#' && assigns(skip(line, "#"), key);
}

static bool find_place(struct bytes text, const char *key, struct line *ret)
{
    bool assigned = false, commented = false;
    struct line l;

    for (size_t at = 0; next_line(text, at, &l); at = l.next) {
        if (assigns(l.text, key)) {
            *ret = l;
            assigned = true;
        } else if (!assigned && !commented && assigns_in_comment(l.text, key)) {
            *ret = l;
            commented = true;
        }
    }
    return assigned || commented;
}

/* text with KEY=value in place of a line, or at the end. */
static int set_key(struct bytes text, const struct env_change *c, char **ret_text, size_t *ret_len)
{
    struct line l = {.at = text.len, .next = text.len};
    bool is_new = !find_place(text, c->key, &l);
    bool lacks_end = is_new && text.len > 0 && text.p[text.len - 1] != '\n';
    size_t cap = text.len + strlen(c->key) + strlen(c->value) + 4;
    char *out;
    struct wr w;

    if (strpbrk(c->value, "\r\n"))
        return -EINVAL;
    out = malloc(cap);
    if (!out)
        return -ENOMEM;
    w = wr_init(out, cap);
    wr_bytes(&w, bytes_of(text.p, l.at));
    wr_fmt(&w, "%s%s=%s\n", lacks_end ? "\n" : "", c->key, c->value);
    wr_bytes(&w, bytes_of(text.p + l.next, text.len - l.next));
    *ret_len = wr_len(&w);
    wr_u8(&w, '\0');
    *ret_text = out;
    return 0;
}

int envedit(struct bytes text, const struct env_change *changes, size_t n, char **ret_text,
            size_t *ret_len)
{
    char *now = malloc(text.len + 1);
    size_t len = text.len;
    int r = now ? 0 : -ENOMEM;

    if (now)
        memcpy(now, text.p ? (const char *) text.p : "", text.len);
    for (size_t i = 0; r == 0 && i < n; i++) {
        char *edited;
        size_t edited_len;

        r = set_key(bytes_of(now, len), &changes[i], &edited, &edited_len);
        if (r == 0) {
            secret_wipe(now, len);
            free(now);
            now = edited;
            len = edited_len;
        }
    }
    if (r < 0) {
        if (now)
            secret_wipe(now, len);
        free(now);
        return r;
    }
    *ret_text = now;
    *ret_len = len;
    return 0;
}
