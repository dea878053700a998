/* print_kit.h: what a function prints, as a text. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct print {
    FILE *to;
    char *text;
    size_t len;
};

static inline struct print *print_begin(void)
{
    struct print *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    p->to = open_memstream(&p->text, &p->len);
    assert_non_null(p->to);
    return p;
}

/* The text; the print's memory ends with free() of it. */
static inline char *print_end(struct print *p)
{
    char *text;

    fclose(p->to);
    text = p->text;
    free(p);
    return text;
}

static inline void assert_print(struct print *p, const char *expected)
{
    char *text = print_end(p);

    assert_string_equal(text, expected);
    free(text);
}

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static inline void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in:\n%s", part, text);
}
