/* kept_text.h: texts that are much alike, kept for a long time: the SDPs of one kind of browser
 * differ in a dozen of a hundred lines. Each is kept as what differs, by lines, from an earlier one
 * that several share. One thread. */
#pragma once

#include "base/bytes.h"

#define KEPT_TEXT_BASES 8 /* kinds of text that are told apart at a time */

struct kept_text;
struct kept_base;

/* The texts to compare with; a field of its owner. A zeroed one has none. */
struct kept_bases {
    struct kept_base *items[KEPT_TEXT_BASES]; /* last used first; NULL at the end */
};

/* Texts that lean on these stay what they are. */
void kept_bases_done(struct kept_bases *b);

/* -E2BIG: above 65,535 bytes; -ENOMEM. */
int kept_text_new(struct kept_bases *b, struct bytes text, struct kept_text **ret_text);
struct kept_text *kept_text_free(struct kept_text *t); /* NULL is fine; returns NULL */

/* The text, with a NUL behind it; to be freed. NULL without memory, or when t is NULL. */
char *kept_text_restore(const struct kept_text *t);
