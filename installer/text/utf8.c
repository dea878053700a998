#include "text/utf8.h"

/* First bytes from..to, and what the second may be: this leaves out overlong forms, surrogates and
 * what lies past the last code point. */
static const struct {
    uint8_t from, to, second_from, second_to, len;
} forms[] = {
    {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t utf8_char(struct bytes text)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (text.len < forms[i].len || text.p[0] < forms[i].from || text.p[0] > forms[i].to)
            continue;
        if (forms[i].len > 1 &&
            (text.p[1] < forms[i].second_from || text.p[1] > forms[i].second_to))
            return 0;
        for (size_t k = 2; k < forms[i].len; k++)
            if ((text.p[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].len;
    }
    return 0;
}
