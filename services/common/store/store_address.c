#include "store/store_address.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PORT_DEFAULT 6379
#define DB_MAX 65535 /* more than any server is set up for */

static int refuse(char *why, size_t why_size, const char *what)
{
    snprintf(why, why_size, "%s", what);
    return -EINVAL;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* With %XX resolved. */
static int copy_decoded(struct bytes in, char ret[static STORE_TEXT_MAX + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < in.len; i++) {
        int c = in.p[i];

        if (c == '%') {
            int high = i + 2 < in.len ? hex_digit(in.p[i + 1]) : -1;
            int low = i + 2 < in.len ? hex_digit(in.p[i + 2]) : -1;

            if (high < 0 || low < 0 || high + low == 0)
                return -EINVAL;
            c = high << 4 | low;
            i += 2;
        }
        if (n == STORE_TEXT_MAX)
            return -EINVAL;
        ret[n++] = (char) c;
    }
    ret[n] = '\0';
    return 0;
}

static struct bytes before(struct bytes b, const uint8_t *at)
{
    return bytes_of(b.p, (size_t) (at - b.p));
}

static struct bytes behind(struct bytes b, const uint8_t *at)
{
    return bytes_of(at + 1, b.len - (size_t) (at - b.p) - 1);
}

/* [USER]:PASSWORD */
static int parse_credentials(struct bytes in, struct store_address *a)
{
    const uint8_t *colon = memchr(in.p, ':', in.len);

    if (!colon || copy_decoded(before(in, colon), a->user) < 0)
        return -EINVAL;
    return copy_decoded(behind(in, colon), a->password);
}

/* HOST[:PORT], [IPv6][:PORT] */
static int parse_host(struct bytes in, struct store_address *a)
{
    const uint8_t *end =
        in.len && in.p[0] == '[' ? memchr(in.p, ']', in.len) : memchr(in.p, ':', in.len);
    struct bytes host = end ? before(in, end) : in;
    struct bytes rest = end ? behind(in, end) : bytes_str("");
    uint64_t port = PORT_DEFAULT;

    if (in.len && in.p[0] == '[') {
        if (!end || (rest.len && rest.p[0] != ':'))
            return -EINVAL;
        host = bytes_of(host.p + 1, host.len - 1);
        end = rest.len ? rest.p : NULL;
        rest = end ? behind(rest, end) : bytes_str("");
    }
    if (end && (bytes_to_u64(rest, UINT16_MAX, &port) < 0 || port == 0))
        return -EINVAL;
    if (host.len == 0 || host.len > STORE_TEXT_MAX)
        return -EINVAL;
    for (size_t i = 0; i < host.len; i++)
        if (host.p[i] <= ' ' || host.p[i] >= 0x7f || strchr("/?#@[]%", host.p[i]))
            return -EINVAL;
    memcpy(a->host, host.p, host.len);
    a->port = (uint16_t) port;
    return 0;
}

static int parse_redis(const char *text, struct store_address *a, char *why, size_t why_size)
{
    struct bytes in = bytes_str(text);
    const uint8_t *at = memrchr(text, '@', in.len);
    const uint8_t *slash;
    uint64_t db = 0;

    a->place = STORE_TCP;
    if (at && parse_credentials(before(in, at), a) < 0)
        return refuse(why, why_size,
                      "needs [USER]:PASSWORD before the @, each at most 255 "
                      "characters; % is written %25");
    if (at)
        in = behind(in, at);
    slash = in.len ? memchr(in.p, '/', in.len) : NULL;
    if (slash && behind(in, slash).len && bytes_to_u64(behind(in, slash), DB_MAX, &db) < 0)
        return refuse(why, why_size, "needs the number of a database behind the /");
    a->db = (unsigned) db;
    if (parse_host(slash ? before(in, slash) : in, a) < 0)
        return refuse(why, why_size, "needs HOST[:PORT], IPv6 addresses in brackets");
    return 0;
}

int store_address_parse(const char *text, struct store_address *ret, char *why, size_t why_size)
{
    struct store_address a = {.place = STORE_MEMORY};
    struct bytes in = bytes_str(text);
    int r = 0;

    if (bytes_starts_with(in, "unix:/")) {
        a.place = STORE_UNIX;
        if (in.len - 5 > STORE_PATH_MAX)
            return refuse(why, why_size, "has a socket's path of more than 107 characters");
        memcpy(a.path, in.p + 5, in.len - 5);
    } else if (bytes_starts_with(in, "redis://")) {
        r = parse_redis(text + 8, &a, why, why_size);
    } else if (strcmp(text, "memory") != 0) {
        return refuse(why, why_size,
                      "must be memory, unix:/path or redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]");
    }
    if (r == 0)
        *ret = a;
    return r;
}

bool store_address_check(const char *text, char *why, size_t why_size)
{
    struct store_address a;

    return store_address_parse(text, &a, why, why_size) == 0;
}

bool store_prefix_check(const char *text, char *why, size_t why_size)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:");

    snprintf(why, why_size, "must be 1 to %d letters, digits, and characters of \"_-.:\"",
             STORE_PREFIX_MAX);
    return len > 0 && len <= STORE_PREFIX_MAX && text[len] == '\0';
}
