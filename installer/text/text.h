/* text.h: small things about text. Pure. */
#pragma once

#include "base/buf.h"

/* UTF-8 without control characters; so it may be shown on a terminal and put into JSON. */
bool text_is_printable(const char *text);

/* The same with what is not printable as \xNN, cut to what fits, "..." then at its end. Returns
 * buf. */
const char *text_printable(struct bytes text, char *buf, size_t cap);

/* With separator between the items; free() it. NULL: out of memory. */
char *text_join(char *const *items, size_t n, const char *separator);

/* For a shell: in single quotes where it needs them. */
void text_shell_quote(struct wr *w, const char *text);

/* Lines of at most so many columns, each with the prefix before it (the first one without its
 * blanks at the beginning), broken at blanks. */
void text_wrap(struct wr *w, const char *prefix, const char *text, size_t columns);
