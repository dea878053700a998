/* Links of fields.h: RFC 8288 section 3, and the resolution of RFC 3986 section 5. */
#include "acme/fields.h"

#include <errno.h>

/* ---- the list ---- */

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

static bool is_token_char(char c)
{
    return c && !strchr(" \t\",;<=>", c);
}

static struct bytes read_token(const char **p)
{
    const char *start = *p;

    while (is_token_char(**p))
        (*p)++;
    return bytes_of(start, (size_t) (*p - start));
}

/* What is between quotation marks, escapes left as they are: no relation has any. */
static struct bytes read_quoted(const char **p)
{
    const char *start = ++*p;
    struct bytes b;

    while (**p && **p != '"')
        *p += **p == '\\' && (*p)[1] ? 2 : 1;
    b = bytes_of(start, (size_t) (*p - start));
    if (**p)
        (*p)++;
    return b;
}

/* Is it among those that blanks part? */
static bool has_relation(struct bytes list, const char *rel)
{
    size_t at = 0;

    while (at < list.len) {
        size_t end = at;

        while (end < list.len && list.p[end] != ' ' && list.p[end] != '\t')
            end++;
        if (end > at && bytes_caseeq_str(bytes_of(list.p + at, end - at), rel))
            return true;
        at = end + 1;
    }
    return false;
}

/* The parameters behind a target; is the first rel of them the one? */
static bool read_parameters(const char **p, const char *rel)
{
    bool seen = false, is_it = false;

    for (;;) {
        struct bytes name, value = {.len = 0};

        *p = skip_blanks(*p);
        if (**p != ';')
            return is_it;
        *p = skip_blanks(*p + 1);
        name = read_token(p);
        *p = skip_blanks(*p);
        if (**p == '=') {
            *p = skip_blanks(*p + 1);
            value = **p == '"' ? read_quoted(p) : read_token(p);
        }
        if (!seen && bytes_caseeq_str(name, "rel")) {
            seen = true;
            is_it = has_relation(value, rel);
        }
    }
}

/* The next link of the list; false: the list, or what can be read of it, is over. */
static bool read_link(const char **p, const char *rel, struct bytes *ret_target, bool *ret_is_it)
{
    const char *start;

    while (**p == ',' || **p == ' ' || **p == '\t')
        (*p)++;
    if (**p != '<')
        return false;
    start = ++*p;
    *p += strcspn(start, ">");
    if (!**p)
        return false;
    *ret_target = bytes_of(start, (size_t) (*p - start));
    (*p)++;
    *ret_is_it = read_parameters(p, rel);
    return true;
}

/* ---- the target ---- */

/* RFC 3986 section 3: scheme "://" authority path [query]; no fragment. */
struct parts {
    struct bytes scheme, authority, path, query; /* query with its '?' */
    bool has_scheme, has_authority;
};

static size_t span_until(struct bytes b, const char *ends)
{
    size_t n = 0;

    while (n < b.len && !(b.p[n] && strchr(ends, b.p[n])))
        n++;
    return n;
}

static struct bytes skip(struct bytes b, size_t n)
{
    return bytes_of(b.p + n, b.len - n);
}

static struct parts parts_of(struct bytes url)
{
    struct parts u = {.has_scheme = false};
    size_t n = span_until(url, ":/?#");

    if (n > 0 && n < url.len && url.p[n] == ':') {
        u.has_scheme = true;
        u.scheme = bytes_of(url.p, n);
        url = skip(url, n + 1);
    }
    if (bytes_starts_with(url, "//")) {
        u.has_authority = true;
        url = skip(url, 2);
        n = span_until(url, "/?#");
        u.authority = bytes_of(url.p, n);
        url = skip(url, n);
    }
    n = span_until(url, "?#");
    u.path = bytes_of(url.p, n);
    url = skip(url, n);
    u.query = bytes_of(url.p, span_until(url, "#"));
    return u;
}

/* A text that grows up to its cap, with room for a NUL. */
struct out {
    char *buf;
    size_t len, cap;
    bool failed;
};

static void put(struct out *o, struct bytes b)
{
    if (o->failed || o->len + b.len >= o->cap) {
        o->failed = true;
        return;
    }
    if (b.len)
        memcpy(o->buf + o->len, b.p, b.len);
    o->len += b.len;
}

/* A path, its segments "." and ".." worked off (section 5.2.4). Nothing before start is touched. */
static void put_path(struct out *o, struct bytes path)
{
    size_t start = o->len;

    while (path.len > 0) {
        size_t n = path.p[0] == '/' ? 1 + span_until(skip(path, 1), "/") : span_until(path, "/");
        struct bytes segment = bytes_of(path.p, n);
        bool is_up = bytes_eq_str(segment, "/..");

        path = skip(path, n);
        if (is_up)
            while (o->len > start && o->buf[--o->len] != '/')
                ;
        if (!is_up && !bytes_eq_str(segment, "/."))
            put(o, segment);
        else if (path.len == 0)
            put(o, bytes_str("/"));
    }
}

/* The path of base up to its last slash, and that one behind it, as one. */
static void put_merged(struct out *o, const struct parts *base, struct bytes path)
{
    char merged[2048];
    struct out m = {.buf = merged, .cap = sizeof(merged)};
    size_t n = base->path.len;

    while (n > 0 && base->path.p[n - 1] != '/')
        n--;
    put(&m, n > 0 ? bytes_of(base->path.p, n) : bytes_str("/"));
    put(&m, path);
    o->failed |= m.failed;
    put_path(o, bytes_of(merged, m.len));
}

static int resolve(struct bytes target, const char *base_url, char *buf, size_t cap)
{
    struct parts base = parts_of(bytes_of(base_url, strlen(base_url))), t = parts_of(target);
    struct out o = {.buf = buf, .cap = cap};

    put(&o, t.has_scheme ? t.scheme : base.scheme);
    put(&o, bytes_str(":"));
    if (t.has_scheme ? t.has_authority : t.has_authority || base.has_authority) {
        put(&o, bytes_str("//"));
        put(&o, t.has_scheme || t.has_authority ? t.authority : base.authority);
    }
    if (t.has_scheme || t.has_authority || (t.path.len > 0 && t.path.p[0] == '/')) {
        put_path(&o, t.path);
    } else if (t.path.len == 0) {
        put(&o, base.path);
        if (t.query.len == 0)
            t.query = base.query;
    } else {
        put_merged(&o, &base, t.path);
    }
    put(&o, t.query);
    if (o.failed)
        return -ENOSPC;
    buf[o.len] = '\0';
    return 0;
}

int field_link(const char *value, const char *rel, size_t n, const char *base, char *buf,
               size_t cap)
{
    struct bytes target;
    bool is_it = false;

    while (read_link(&value, rel, &target, &is_it)) {
        if (!is_it)
            continue;
        if (n-- == 0)
            return resolve(target, base, buf, cap);
    }
    return -ENOENT;
}
