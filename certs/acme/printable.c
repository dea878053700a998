#include "acme/printable.h"

/* Bytes of the character that begins p, 0 when it is no UTF-8 (RFC 3629 section 4). */
static size_t utf8_read(const uint8_t *p, size_t len, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    uint32_t c;

    if (n == 0 || n > len)
        return 0;
    c = n == 1 ? p[0] : p[0] & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret = c;
    return n;
}

/* C0, DEL, C1; line and paragraph separators; marks, embeddings and isolates of direction. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

char *printable_copy(struct bytes in, bool lines, char *buf, size_t cap)
{
    size_t out = 0;

    for (size_t at = 0; at < in.len;) {
        uint32_t c = 0;
        size_t n = utf8_read(in.p + at, in.len - at, &c);
        bool pass = n > 0 && (!is_control(c) || (lines && (c == '\n' || c == '\t')));
        size_t width = pass ? n : 1;

        if (out + width >= cap)
            break;
        if (pass)
            memmove(buf + out, in.p + at, n);
        else
            buf[out] = '?';
        out += width;
        at += n ? n : 1;
    }
    buf[out] = '\0';
    return buf;
}

char *printable_clean(char *text)
{
    size_t len = strlen(text);

    return printable_copy(bytes_of(text, len), false, text, len + 1);
}
