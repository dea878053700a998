#include "acme/base64url.h"

#include "base/crypto.h"

#include <errno.h>

#define QUAD_SIZE BASE64_SIZE(3)

int base64url_encode(struct bytes in, char *buf, size_t cap)
{
    size_t n = 0;

    if (in.len > SIZE_MAX / 8 || cap < BASE64URL_SIZE(in.len))
        return -ENOSPC;
    for (size_t at = 0; at < in.len; at += 3) {
        size_t len = in.len - at < 3 ? in.len - at : 3;
        char quad[QUAD_SIZE];

        base64_encode(bytes_of(in.p + at, len), quad, sizeof(quad));
        for (size_t i = 0; i <= len; i++)
            buf[n++] = (char) (quad[i] == '+' ? '-' : quad[i] == '/' ? '_' : quad[i]);
    }
    buf[n] = '\0';
    return 0;
}

/* The characters of plain base64; what is none of base64url's becomes none of base64's. */
static char plain(uint8_t c)
{
    if (c == '+' || c == '/' || c == '=')
        return '\0';
    return (char) (c == '-' ? '+' : c == '_' ? '/' : c);
}

int base64url_decode(struct bytes in, uint8_t *buf, size_t cap, size_t *ret_len)
{
    size_t n = 0;

    if (in.len % 4 == 1)
        return -EBADMSG;
    if (in.len / 4 * 3 + in.len % 4 * 3 / 4 > cap)
        return -ENOSPC;
    for (size_t at = 0; at < in.len; at += 4) {
        char quad[4] = {'=', '=', '=', '='};
        uint8_t three[3];
        size_t len;

        for (size_t i = 0; i < 4 && at + i < in.len; i++)
            quad[i] = plain(in.p[at + i]);
        if (base64_decode(bytes_of(quad, sizeof(quad)), three, sizeof(three), &len) < 0)
            return -EBADMSG;
        memcpy(buf + n, three, len);
        n += len;
    }
    *ret_len = n;
    return 0;
}
