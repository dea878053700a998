/* Any bytes as a configuration of nginx: statements in order, blocks in turn, bytes within bounds.
 */
#include "nginx/nginx_listen.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct state {
    size_t size, end, depth;
    unsigned line;
};

static bool on_statement(const struct nginx_statement *st, void *arg)
{
    struct state *s = arg;
    struct nginx_listen l;
    size_t len = 0;

    for (size_t i = 0; i < st->n_words; i++)
        len += strlen(st->words[i]);
    if (st->start < s->end || st->end <= st->start || st->end > s->size || st->line < s->line ||
        len > st->end - st->start || (st->n_words == 0 && s->depth == 0))
        abort();
    s->depth += st->opens;
    s->depth -= st->n_words == 0;
    s->end = st->end;
    s->line = st->line;
    (void) nginx_listen_parse(st, s->size % 2 == 0, &l);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state s = {.size = size};
    unsigned line;

    if (nginx_parse(bytes_of(data, size), on_statement, &s, &line) == 0 && s.depth > 0)
        abort();
    return 0;
}
