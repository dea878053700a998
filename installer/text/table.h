/* table.h: rows of text in aligned columns, for people. The last column is wrapped at the
 * width of a terminal. */
#pragma once

#include "text/term.h"

#define TABLE_COLUMNS_MAX 8
#define TABLE_ROWS_MAX 64
#define TABLE_CELL_MAX 320

struct table;

/* NULL when memory is out. */
struct table *table_new(void);
struct table *table_free(struct table *t); /* NULL is fine; returns NULL */

/* Begins a row; cells past the limits are dropped. t may be NULL. */
void table_row(struct table *t);
void table_cell(struct table *t, enum term_style style, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Each line begins with indent blanks. */
void table_print(const struct table *t, FILE *to, unsigned indent);
