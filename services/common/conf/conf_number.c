#include "conf/conf_number.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The end of the string or comment that starts at s; s itself when none does. */
static const char *skip_quoted(const char *s)
{
    const char *end;

    if (*s == '#' || (s[0] == '/' && s[1] == '/'))
        return s + strcspn(s, "\n");
    if (s[0] == '/' && s[1] == '*') {
        end = strstr(s + 2, "*/");
        return end ? end + 2 : s + strlen(s);
    }
    if (*s != '"')
        return s;
    for (s++; *s && *s != '"'; s++)
        if (*s == '\\' && s[1])
            s++;
    return *s ? s + 1 : s;
}

static bool is_word(char c)
{
    return isalnum((unsigned char) c) || strchr("_.*+-", c);
}

/* A word that is a number without fraction, exponent or L, and does not fit into an int. */
static bool is_wide(const char *word, const char *end)
{
    const char *digits = *word == '-' || *word == '+' ? word + 1 : word;
    int base = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') ? 16 : 10;
    char *stop;
    long long value;

    if (!isdigit((unsigned char) *digits))
        return false;
    value = strtoll(word, &stop, base);
    return stop == end && (value < INT_MIN || value > INT_MAX);
}

const char *conf_next_wide_number(const char *text, unsigned *line)
{
    const char *s = text;

    while (*s) {
        const char *start = s;

        s = skip_quoted(s);
        if (s == start && is_word(*s)) {
            while (*s && is_word(*s))
                s++;
            if (is_wide(start, s))
                return s;
        } else if (s == start) {
            s++;
        }
        for (const char *c = start; c < s; c++)
            *line += *c == '\n';
    }
    return NULL;
}
