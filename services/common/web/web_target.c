#include "web/web_target.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that the escape at s stands for; negative when there is none. */
static int escaped_byte(const char *s, size_t len)
{
    int high, low;

    if (len < 3 || s[0] != '%')
        return -1;
    high = hex_value(s[1]);
    low = hex_value(s[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool has_control(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char) s[i] < 0x20 || s[i] == 0x7f)
            return true;
    }
    return false;
}

/* RFC 3629: the length of the character at s, 0 when it is not well-formed. */
static size_t utf8_char_len(const unsigned char *s, size_t len)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (n == 0 || s[0] > 0xf4 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static bool is_utf8(const char *s, size_t len)
{
    size_t n;

    for (; len > 0; s += n, len -= n) {
        n = utf8_char_len((const unsigned char *) s, len);
        if (n == 0)
            return false;
    }
    return true;
}

/* Writes the decoded segment and a NUL, and steps *at over them. */
static int decode_segment(const char *s, size_t len, char **at)
{
    char *start = *at, *p = start;

    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char) s[i];

        if (c == '%') {
            c = escaped_byte(s + i, len - i);
            if (c < 0)
                return -EBADMSG;
            i += 2;
        }
        *p++ = (char) c;
    }
    *p = '\0';
    if (has_control(start, (size_t) (p - start)) || !is_utf8(start, (size_t) (p - start)))
        return -EBADMSG;
    *at = p + 1;
    return 0;
}

static int decode_path(struct web_target *t)
{
    const char *s = t->path;
    char *at = t->segments;

    if (strcmp(s, "*") == 0)
        return 0;
    if (*s != '/')
        return -EBADMSG;
    while (*s == '/' && s[1]) {
        size_t len = strcspn(++s, "/");
        int r = decode_segment(s, len, &at);

        if (r < 0)
            return r;
        t->n_segments++;
        s += len;
    }
    t->ends_in_slash = *s == '/';
    return 0;
}

static void decode_query_part(const char *s, size_t len, char **at)
{
    char *p = *at;

    for (size_t i = 0; i < len; i++) {
        int c = escaped_byte(s + i, len - i);

        if (c > 0)
            i += 2;
        else
            c = s[i] == '+' ? ' ' : s[i];
        *p++ = (char) c;
    }
    *p = '\0';
    *at = p + 1;
}

static void decode_query(struct web_target *t, const char *s)
{
    t->query_end = t->query;
    while (*s) {
        size_t len = strcspn(s, "&");
        const char *eq = memchr(s, '=', len);
        size_t name_len = eq ? (size_t) (eq - s) : len;

        if (len > 0) {
            decode_query_part(s, name_len, &t->query_end);
            decode_query_part(eq ? eq + 1 : s, eq ? len - name_len - 1 : 0, &t->query_end);
        }
        s += len;
        if (*s == '&')
            s++;
    }
}

/* RFC 9112 section 3.2.2: a server takes "http://host/path" too. */
static const char *skip_authority(const char *uri)
{
    const char *s;

    if (strncasecmp(uri, "http://", 7) == 0)
        s = uri + 7;
    else if (strncasecmp(uri, "https://", 8) == 0)
        s = uri + 8;
    else
        return uri;
    return s + strcspn(s, "/?#");
}

int web_target_parse(const char *uri, struct web_target *ret)
{
    const char *s = skip_authority(uri);
    size_t path_len = strcspn(s, "?#");
    const char *query = s[path_len] == '?' ? s + path_len + 1 : "";
    size_t query_len = strcspn(query, "#");
    /* Decoding never makes longer; "a" takes four bytes as a pair of name and value without "=". */
    size_t segments_size = path_len + 2, query_size = 2 * query_len + 2;
    struct web_target t = {0};
    char *block = malloc(3 * segments_size + query_size + query_len + 1);
    char *raw_query;
    int r;

    if (!block)
        return -ENOMEM;
    t.path = block;
    t.segments = t.path + segments_size;
    t.rest = t.segments + segments_size;
    t.query = t.rest + segments_size;
    raw_query = t.query + query_size;
    memcpy(t.path, s, path_len);
    /* "http://host" without a path means "/". */
    if (path_len == 0 && s != uri)
        t.path[path_len++] = '/';
    t.path[path_len] = '\0';
    memcpy(raw_query, query, query_len);
    raw_query[query_len] = '\0';
    decode_query(&t, raw_query);
    r = decode_path(&t);
    if (r < 0) {
        t.n_segments = 0;
        t.query_end = t.query;
    }
    *ret = t;
    return r;
}

void web_target_done(struct web_target *t)
{
    free(t->path);
    *t = (struct web_target){0};
}

const char *web_target_segment(const struct web_target *t, unsigned i)
{
    const char *s = t->segments;

    if (i >= t->n_segments)
        return NULL;
    while (i--)
        s += strlen(s) + 1;
    return s;
}

const char *web_target_rest(const struct web_target *t, unsigned i)
{
    char *p = t->rest;

    for (; i < t->n_segments; i++) {
        const char *s = web_target_segment(t, i);

        if (strchr(s, '/'))
            return NULL;
        p = stpcpy(p, s);
        if (i + 1 < t->n_segments || t->ends_in_slash)
            *p++ = '/';
    }
    *p = '\0';
    return t->rest;
}

const char *web_target_query(const struct web_target *t, const char *name)
{
    for (const char *p = t->query; p < t->query_end;) {
        const char *value = p + strlen(p) + 1;

        if (strcmp(p, name) == 0)
            return value;
        p = value + strlen(value) + 1;
    }
    return NULL;
}
