#include "text/progress.h"

#include "text/term.h"

#include <stdarg.h>

#define BAR_COLUMNS 20
#define TEXT_MAX 200

void progress_init(struct progress *p, FILE *to, unsigned n_steps)
{
    *p = (struct progress){.to = to, .bar = to && term_is_screen(to), .n_steps = n_steps};
}

static void print_bar(const struct progress *p, unsigned n_done, const char *text)
{
    unsigned filled = p->n_steps ? n_done * BAR_COLUMNS / p->n_steps : BAR_COLUMNS;
    unsigned room = term_width(p->to) - (unsigned) strlen("[] 99/99  ");

    fputs("\r\033[K[", p->to);
    fputs(term_on(p->to, TERM_GOOD), p->to);
    for (unsigned i = 0; i < BAR_COLUMNS; i++) {
        if (i == filled)
            fputs(term_off(p->to), p->to);
        fputc(i < filled ? '#' : '.', p->to);
    }
    room = room > BAR_COLUMNS ? room - BAR_COLUMNS : 0;
    fprintf(p->to, "%s] %u/%u %.*s", term_off(p->to), n_done, p->n_steps, (int) room, text);
    fflush(p->to);
}

void progress_step(struct progress *p, unsigned n_done, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list args;

    if (!p->to)
        return;
    if (n_done > p->n_steps)
        n_done = p->n_steps;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (p->bar)
        print_bar(p, n_done, text);
    else
        fprintf(p->to, "%s\n", text);
}

void progress_clear(struct progress *p)
{
    if (p->bar) {
        fputs("\r\033[K", p->to);
        fflush(p->to);
    }
}
