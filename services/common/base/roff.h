/* roff.h: the parts of a manual page (man(7)), from texts that tables hold. In all of them a word
 * in `backquotes` is set bold, and what roff takes for its own is written so that it does not. */
#pragma once

#include <stdio.h>

/* As it is; the start of a line. */
void roff_text(FILE *to, const char *text);

/* Goes on in a line. */
void roff_inline(FILE *to, const char *text);

/* With a capital and a full stop. */
void roff_sentence(FILE *to, const char *text);

/* Paragraphs parted by empty lines; lines that begin with a blank keep their form. NULL: none. */
void roff_paragraphs(FILE *to, const char *text);

/* Title, section NAME. "visavis-logs", "print the log". */
void roff_heading(FILE *to, const char *name, const char *help);

/* letter: 0 when it has none. value: the word for it; NULL when it takes none. */
void roff_option(FILE *to, char letter, const char *name, const char *value, const char *help);

/* An exit status, in a list of such. */
void roff_status(FILE *to, int n, const char *meaning);
