#include "text/table.h"

#include <stdarg.h>
#include <stdlib.h>

#define GAP 2
#define ROOM_MIN 20 /* columns; less is not worth wrapping into */

struct cell {
    enum term_style style;
    char text[TABLE_CELL_MAX];
};

struct table {
    struct cell cells[TABLE_ROWS_MAX][TABLE_COLUMNS_MAX];
    size_t n_cells[TABLE_ROWS_MAX];
    size_t n_rows; /* may count rows that there is no room for */
};

struct table *table_new(void)
{
    return calloc(1, sizeof(struct table));
}

struct table *table_free(struct table *t)
{
    free(t);
    return NULL;
}

void table_row(struct table *t)
{
    if (t && t->n_rows <= TABLE_ROWS_MAX)
        t->n_rows++;
}

void table_cell(struct table *t, enum term_style style, const char *fmt, ...)
{
    struct cell *c;
    size_t row;
    va_list args;

    if (!t || t->n_rows == 0 || t->n_rows > TABLE_ROWS_MAX)
        return;
    row = t->n_rows - 1;
    if (t->n_cells[row] == TABLE_COLUMNS_MAX)
        return;
    c = &t->cells[row][t->n_cells[row]++];
    c->style = style;
    va_start(args, fmt);
    vsnprintf(c->text, sizeof(c->text), fmt, args);
    va_end(args);
}

static size_t rows(const struct table *t)
{
    return t->n_rows < TABLE_ROWS_MAX ? t->n_rows : TABLE_ROWS_MAX;
}

/* Bytes of the part of a text that fits into so many columns, ended at a blank if there is one. */
static size_t fitting(const char *text, size_t columns)
{
    size_t i = 0, n = 0, blank = 0;

    for (; text[i]; i++) {
        bool starts = ((unsigned char) text[i] & 0xc0) != 0x80;

        if (text[i] == ' ')
            blank = i;
        if (starts && n++ == columns)
            return blank ? blank : i;
    }
    return i;
}

static void begin(const struct cell *c, FILE *to)
{
    if (c->style != TERM_PLAIN)
        fputs(term_on(to, c->style), to);
}

static void end(const struct cell *c, FILE *to)
{
    if (c->style != TERM_PLAIN)
        fputs(term_off(to), to);
}

static void print_last(const struct cell *c, FILE *to, size_t column)
{
    size_t width = term_is_tty(to) ? term_width(to) : SIZE_MAX;
    size_t room = width > column + ROOM_MIN ? width - column : SIZE_MAX;
    const char *text = c->text;

    begin(c, to);
    for (;;) {
        size_t len = fitting(text, room);

        term_text(to, bytes_of(text, len), 0);
        text += len;
        text += strspn(text, " ");
        if (!*text)
            break;
        fprintf(to, "\n%*s", (int) column, "");
    }
    end(c, to);
}

static void print_row(const struct cell *cells, size_t n, const size_t *widths, FILE *to,
                      unsigned indent)
{
    size_t used = indent;

    fprintf(to, "%*s", (int) indent, "");
    for (size_t i = 0; i + 1 < n; i++) {
        begin(&cells[i], to);
        term_text(to, bytes_str(cells[i].text), 0);
        end(&cells[i], to);
        fprintf(to, "%*s", (int) (widths[i] - term_columns(cells[i].text) + GAP), "");
        used += widths[i] + GAP;
    }
    if (n > 0)
        print_last(&cells[n - 1], to, used);
    fputc('\n', to);
}

void table_print(const struct table *t, FILE *to, unsigned indent)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    if (!t)
        return;
    for (size_t r = 0; r < rows(t); r++)
        for (size_t i = 0; i + 1 < t->n_cells[r]; i++)
            if (term_columns(t->cells[r][i].text) > widths[i])
                widths[i] = term_columns(t->cells[r][i].text);
    for (size_t r = 0; r < rows(t); r++)
        print_row(t->cells[r], t->n_cells[r], widths, to, indent);
}
