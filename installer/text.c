#include "installer/text.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes of the printable character that text starts with, at most left; 0: it is none. Overlong
 * forms, surrogates and the controls of U+0080 to U+009F are none. */
static size_t printable_len(const uint8_t *p, size_t left)
{
    static const struct {
        uint8_t mask, lead;
        size_t len;
        uint32_t min;
    } forms[] = {{0x80, 0x00, 1, 0x20},
                 {0xe0, 0xc0, 2, 0xa0},
                 {0xf0, 0xe0, 3, 0x800},
                 {0xf8, 0xf0, 4, 0x10000}};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        uint32_t c;

        if ((p[0] & forms[i].mask) != forms[i].lead)
            continue;
        if (forms[i].len > left)
            return 0;
        c = p[0] & (uint8_t) ~forms[i].mask;
        for (size_t k = 1; k < forms[i].len; k++) {
            if ((p[k] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (p[k] & 0x3f);
        }
        return c >= forms[i].min && c != 0x7f && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff)
                   ? forms[i].len
                   : 0;
    }
    return 0;
}

bool text_is_printable(const char *text)
{
    size_t left = strlen(text);

    for (const uint8_t *p = (const uint8_t *) text; left > 0;) {
        size_t len = printable_len(p, left);

        if (len == 0)
            return false;
        p += len;
        left -= len;
    }
    return true;
}

const char *text_printable(struct bytes text, char *buf, size_t cap)
{
    struct wr w = wr_init(buf, cap - sizeof("..."));

    while (text.len > 0) {
        size_t len = printable_len(text.p, text.len);
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
