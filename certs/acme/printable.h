/* printable.h: text of others made fit for logs, terminals and JSON. Pure. */
#pragma once

#include "base/bytes.h"

/* Copies UTF-8, with a NUL: control characters of ASCII and of Unicode (also those that turn the
 * direction of writing) and what is no UTF-8 become '?', one for each; cut at a whole character
 * when it does not fit. lines: line feeds and tabs stay. Returns buf; cap is at least 1. */
char *printable_copy(struct bytes in, bool lines, char *buf, size_t cap);

/* The same for a text in its place. Returns text. */
char *printable_clean(char *text);
