#include "nginx/nginx_parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

struct parser {
    struct bytes text;
    size_t at;
    unsigned line;
    char *scratch; /* the words of one statement, each with a NUL: never longer than the text */
    size_t used;
    const char **words;
    size_t n_words;
};

static int peek(const struct parser *p)
{
    return p->at < p->text.len ? p->text.p[p->at] : -1;
}

static int next(struct parser *p)
{
    int c = peek(p);

    if (c == '\n')
        p->line++;
    if (c >= 0)
        p->at++;
    return c;
}

static void skip_blank(struct parser *p)
{
    int c;

    while ((c = peek(p)) >= 0) {
        if (c == '#')
            while (peek(p) >= 0 && peek(p) != '\n')
                next(p);
        else if (!isspace(c))
            return;
        else
            next(p);
    }
}

static bool ends_word(int c)
{
    return c < 0 || isspace(c) || c == ';' || c == '{' || c == '}';
}

/* nginx knows these escapes; before anything else a backslash stays, and so does what follows. */
static void put_escaped(struct parser *p)
{
    int c = next(p);

    switch (c) {
    case -1:
        return;
    case 't':
        c = '\t';
        break;
    case 'r':
        c = '\r';
        break;
    case 'n':
        c = '\n';
        break;
    case '"':
    case '\'':
    case '\\':
        break;
    default:
        p->scratch[p->used++] = '\\';
    }
    p->scratch[p->used++] = (char) c;
}

static bool read_quoted(struct parser *p, int quote)
{
    next(p);
    for (;;) {
        int c = next(p);

        if (c < 0)
            return false;
        if (c == quote)
            return ends_word(peek(p)) || peek(p) == ')';
        if (c == '\\')
            put_escaped(p);
        else
            p->scratch[p->used++] = (char) c;
    }
}

static void read_bare(struct parser *p)
{
    int last = 0;

    while (!ends_word(peek(p)) || (peek(p) == '{' && last == '$')) {
        last = next(p);
        if (last == '\\')
            put_escaped(p);
        else
            p->scratch[p->used++] = (char) last;
        if (last == '{') /* ${name}: to its end */
            while (peek(p) >= 0 && peek(p) != '}' && !isspace(peek(p)))
                p->scratch[p->used++] = (char) next(p);
        if (last == '{' && peek(p) == '}')
            p->scratch[p->used++] = (char) next(p);
    }
}

static bool read_word(struct parser *p)
{
    int c = peek(p);

    p->words[p->n_words++] = p->scratch + p->used;
    if (c == '"' || c == '\'') {
        if (!read_quoted(p, c))
            return false;
    } else {
        read_bare(p);
    }
    p->scratch[p->used++] = '\0';
    return true;
}

/* The code of content_by_lua_block { ... } and its like is not ours to understand. */
static bool is_foreign_block(const struct parser *p)
{
    static const char ending[] = "_by_lua_block";
    size_t len = strlen(p->words[0]);

    return len > sizeof(ending) - 1 &&
           strcmp(p->words[0] + len - (sizeof(ending) - 1), ending) == 0;
}

static bool skip_block(struct parser *p)
{
    unsigned depth = 1;

    while (depth > 0) {
        int c = next(p);

        if (c < 0)
            return false;
        depth += c == '{';
        depth -= c == '}';
    }
    return true;
}

/* One statement, or the end of a block. False: malformed. */
static bool read_statement(struct parser *p, struct nginx_statement *ret)
{
    *ret = (struct nginx_statement){.words = p->words, .line = p->line, .start = p->at};
    p->used = p->n_words = 0;
    if (peek(p) == '}') {
        next(p);
        ret->end = p->at;
        return true;
    }
    for (;;) {
        int c = peek(p);

        if (c < 0 || c == '}')
            return false;
        if (c == ';' || c == '{') {
            next(p);
            ret->opens = c == '{';
            break;
        }
        if (!read_word(p))
            return false;
        skip_blank(p);
    }
    if (p->n_words == 0)
        return false;
    if (ret->opens && is_foreign_block(p)) {
        if (!skip_block(p))
            return false;
        ret->opens = false;
    }
    ret->n_words = p->n_words;
    ret->end = p->at;
    return true;
}

static int run(struct parser *p, nginx_statement_fn *fn, void *arg)
{
    size_t depth = 0;

    for (skip_blank(p); peek(p) >= 0; skip_blank(p)) {
        struct nginx_statement st;

        if (!read_statement(p, &st))
            return -EBADMSG;
        if (st.n_words == 0 && depth-- == 0)
            return -EBADMSG;
        depth += st.opens;
        if (!fn(&st, arg))
            return 0;
    }
    return depth == 0 ? 0 : -EBADMSG;
}

int nginx_parse(struct bytes text, nginx_statement_fn *fn, void *arg, unsigned *ret_line)
{
    struct parser p = {.text = text, .line = 1};
    int r = -ENOMEM;

    if (text.len >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) /* nginx skips it, too */
        p.at = 3;
    /* A word is at least one byte, and one more parts it from the next. */
    p.scratch = malloc(text.len + 2);
    p.words = calloc(text.len / 2 + 2, sizeof(*p.words));
    if (p.scratch && p.words)
        r = run(&p, fn, arg);
    if (r == -EBADMSG)
        *ret_line = p.line;
    free(p.words);
    free(p.scratch);
    return r;
}
