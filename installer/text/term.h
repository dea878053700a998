/* term.h: the terminal that a person may be looking at: colours, width, text that is safe to show.
 * Colours only where the stream is a terminal, NO_COLOR is not set and TERM is not "dumb". */
#pragma once

#include "base/bytes.h"

#include <stdio.h>

enum term_style { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_GOOD, TERM_WARN, TERM_BAD };

bool term_is_tty(FILE *f);

/* A terminal on which the cursor can be moved and lines be taken back. */
bool term_is_screen(FILE *f);

/* Columns; 80 where nobody knows. */
unsigned term_width(FILE *f);

/* What begins a style on that stream, and what ends all; "" where there are no colours. */
const char *term_on(FILE *f, enum term_style style);
const char *term_off(FILE *f);

/* Columns that a text takes (a code point one). */
size_t term_columns(const char *text);

/* Text from outside: control characters and what is no UTF-8 are shown as \xNN; a line end is
 * followed by indent blanks, those at the end are dropped. */
void term_text(FILE *f, struct bytes text, unsigned indent);

/* An empty screen, where the stream is one. */
void term_clear(FILE *f);

/* "question [y/N] " on stderr, answer from stdin. An end of the input is a no. */
bool term_confirm(const char *question);
