#include "text/text.h"

#include "text/utf8.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes of the printable character that text starts with; 0: it is none. The controls beyond ASCII,
 * U+0080 to U+009F, are none either. */
static size_t printable_len(struct bytes text)
{
    size_t len = utf8_char(text);

    if (len == 1 && (text.p[0] < 0x20 || text.p[0] == 0x7f))
        return 0;
    if (len == 2 && text.p[0] == 0xc2 && text.p[1] < 0xa0)
        return 0;
    return len;
}

bool text_is_printable(const char *text)
{
    for (struct bytes left = bytes_str(text); left.len > 0;) {
        size_t len = printable_len(left);

        if (len == 0)
            return false;
        left = bytes_of(left.p + len, left.len - len);
    }
    return true;
}

const char *text_printable(struct bytes text, char *buf, size_t cap)
{
    struct wr w = wr_init(buf, cap - sizeof("..."));

    while (text.len > 0) {
        size_t len = printable_len(text);
        char hex[5];
        struct bytes shown = bytes_of(text.p, len);

        if (len == 0) {
            snprintf(hex, sizeof(hex), "\\x%02x", text.p[0]);
            shown = bytes_str(hex);
            len = 1;
        }
        if (wr_left(&w) < shown.len) {
            memcpy(buf + wr_len(&w), "...", 4);
            return buf;
        }
        wr_bytes(&w, shown);
        text = bytes_of(text.p + len, text.len - len);
    }
    buf[wr_len(&w)] = '\0';
    return buf;
}

char *text_join(char *const *items, size_t n, const char *separator)
{
    size_t cap = 1;
    struct wr w;
    char *text;

    for (size_t i = 0; i < n; i++)
        cap += strlen(items[i]) + strlen(separator);
    text = malloc(cap);
    if (!text)
        return NULL;
    w = wr_init(text, cap);
    for (size_t i = 0; i < n; i++) {
        wr_str(&w, i > 0 ? separator : "");
        wr_str(&w, items[i]);
    }
    wr_u8(&w, 0);
    return text;
}

void text_shell_quote(struct wr *w, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=,@+%";

    if (*text && text[strspn(text, plain)] == '\0') {
        wr_str(w, text);
        return;
    }
    wr_u8(w, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            wr_str(w, "'\\''");
        else
            wr_u8(w, (uint8_t) *text);
    }
    wr_u8(w, '\'');
}

void text_wrap(struct wr *w, const char *prefix, const char *text, size_t columns)
{
    size_t at = strlen(prefix);

    wr_str(w, prefix + strspn(prefix, " "));
    while (*text) {
        size_t len = strcspn(text, " ");

        if (at > strlen(prefix) && at + 1 + len > columns) {
            wr_fmt(w, "\n%s", prefix);
            at = strlen(prefix);
        } else if (at > strlen(prefix)) {
            wr_u8(w, ' ');
            at++;
        }
        wr_bytes(w, bytes_of(text, len));
        at += len;
        text += len;
        text += strspn(text, " ");
    }
    wr_u8(w, '\n');
}
