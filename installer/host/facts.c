#include "host/facts.h"

#include "files/files.h"
#include "host/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEP 65536
#define OS_RELEASE_MAX 65536
#define ROUTES_MAX (1 << 20)

int fact_text(const char *path, size_t max, char **ret, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0, cap = 0;
    char *text = NULL;
    ssize_t n = 1;
    int r = fd < 0 ? -errno : 0;

    while (r == 0 && n > 0 && len < max) {
        if (len == cap) {
            char *more = realloc(text, cap + STEP + 1);

            if (!more) {
                r = -ENOMEM;
                break;
            }
            text = more;
            cap += STEP;
        }
        n = read(fd, text + len, cap - len < max - len ? cap - len : max - len);
        if (n < 0 && errno != EINTR)
            r = -errno;
        len += n > 0 ? (size_t) n : 0;
        n = n < 0 ? 1 : n;
    }
    if (fd >= 0)
        close(fd);
    if (r == 0 && !text)
        r = -EINVAL; /* nothing was asked for */
    if (r < 0 || !text) {
        free(text);
        return r;
    }
    text[len] = '\0';
    *ret = text;
    *ret_len = len;
    return 0;
}

int fact_number(const char *path, uint64_t *ret)
{
    char *text;
    size_t len;
    int r = fact_text(path, 256, &text, &len);

    if (r < 0)
        return r;
    r = bytes_to_u64(bytes_of(text, strcspn(text, " \t\n")), UINT64_MAX, ret);
    free(text);
    return r;
}

/* The next line without its end; false after the last. */
static bool next_line(struct bytes *text, struct bytes *ret)
{
    const uint8_t *newline = text->len ? memchr(text->p, '\n', text->len) : NULL;
    size_t len = newline ? (size_t) (newline - text->p) : text->len;

    if (text->len == 0)
        return false;
    *ret = bytes_of(text->p, len);
    len += newline ? 1 : 0;
    *text = bytes_of(text->p + len, text->len - len);
    return true;
}

int fact_line_number(struct bytes text, const char *key, uint64_t *ret)
{
    struct bytes line;
    size_t len = strlen(key);

    while (next_line(&text, &line)) {
        size_t at = len + 1, digits = 0;

        if (!bytes_starts_with(line, key) || line.len <= at ||
            (line.p[len] != ':' && line.p[len] != '='))
            continue;
        while (at < line.len && (line.p[at] == ' ' || line.p[at] == '\t'))
            at++;
        while (at + digits < line.len && line.p[at + digits] >= '0' && line.p[at + digits] <= '9')
            digits++;
        return bytes_to_u64(bytes_of(line.p + at, digits), UINT64_MAX, ret);
    }
    return -ENOENT;
}

/* ---- os-release ---- */

void os_release_parse(struct bytes text, struct os_release *ret)
{
    struct os_release o = {.id = ""};
    const struct {
        const char *key;
        char *to;
        size_t size;
    } fields[] = {
        {"ID=", o.id, sizeof(o.id)},
        {"ID_LIKE=", o.id_like, sizeof(o.id_like)},
        {"VERSION_ID=", o.version, sizeof(o.version)},
        {"PRETTY_NAME=", o.name, sizeof(o.name)},
    };
    struct bytes line;

    while (next_line(&text, &line)) {
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            size_t at = strlen(fields[i].key);
            size_t len;

            if (!bytes_starts_with(line, fields[i].key))
                continue;
            len = line.len - at;
            if (len >= 2 && (line.p[at] == '"' || line.p[at] == '\'') &&
                line.p[line.len - 1] == line.p[at]) {
                at++;
                len -= 2;
            }
            snprintf(fields[i].to, fields[i].size, "%.*s", (int) len, (const char *) line.p + at);
        }
    }
    *ret = o;
}

int os_release_read(struct os_release *ret)
{
    char path[PATH_MAX], *text;
    size_t len;
    int r = file_read(path_in_root(path, "/etc/os-release"), OS_RELEASE_MAX, &text, &len);

    if (r < 0)
        return r;
    os_release_parse(bytes_of(text, len), ret);
    free(text);
    return 0;
}

bool os_release_is(const struct os_release *o, const char *id)
{
    const char *p = o->id_like;
    size_t len = strlen(id);

    if (strcmp(o->id, id) == 0)
        return true;
    while ((p = strstr(p, id))) {
        if ((p == o->id_like || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
            return true;
        p += len;
    }
    return false;
}

/* ---- the default route ---- */

static bool parse_route4(const char *line, char ret[static IFNAMSIZ])
{
    char name[64];
    unsigned destination, gateway, flags, mask;

    /* NOLINTNEXTLINE(cert-err34-c): numbers that overflow are of no line that the kernel prints */
    if (sscanf(line, "%63s %8x %8x %4x %*d %*d %*d %8x", name, &destination, &gateway, &flags,
               &mask) != 5 ||
        destination != 0 || mask != 0 || !(flags & 1))
        return false;
    snprintf(ret, IFNAMSIZ, "%.15s", name);
    return true;
}

/* destination length source length gateway metric refcount use flags name */
static bool parse_route6(const char *line, char ret[static IFNAMSIZ])
{
    char destination[64], name[64];
    unsigned length, flags;

    /* NOLINTNEXTLINE(cert-err34-c): as above */
    if (sscanf(line, "%63s %2x %*s %*s %*s %*s %*s %*s %8x %63s", destination, &length, &flags,
               name) != 4 ||
        length != 0 || strspn(destination, "0") != 32 || !(flags & 1) || strcmp(name, "lo") == 0)
        return false;
    snprintf(ret, IFNAMSIZ, "%.15s", name);
    return true;
}

bool route_interface(struct bytes text, int family, char ret[static IFNAMSIZ])
{
    struct bytes line;

    while (next_line(&text, &line)) {
        char copy[512];

        snprintf(copy, sizeof(copy), "%.*s", (int) line.len, (const char *) line.p);
        if (family == AF_INET ? parse_route4(copy, ret) : parse_route6(copy, ret))
            return true;
    }
    return false;
}

bool default_interface(int family, char ret[static IFNAMSIZ])
{
    char *text = NULL;
    size_t len = 0;
    bool there;

    if (fact_text(family == AF_INET ? "/proc/self/net/route" : "/proc/self/net/ipv6_route",
                  ROUTES_MAX, &text, &len) < 0)
        return false;
    there = route_interface(bytes_of(text, len), family, ret);
    free(text);
    return there;
}
