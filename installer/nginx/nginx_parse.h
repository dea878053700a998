/* nginx_parse.h: the grammar of nginx's configuration files: words, quotes, comments, blocks. Says
 * nothing about what directives mean. Pure. */
#pragma once

#include "base/bytes.h"

struct nginx_statement {
    const char *const *words; /* without quotes and escapes; words[0] is the directive */
    size_t n_words;           /* 0: the end of a block */
    bool opens;               /* ends in "{", not in ";" */
    unsigned line;            /* of its first word, from 1 */
    size_t start, end;        /* its bytes in the text, with the ';' or '{' or '}' */
};

/* Borrowed for the call. False ends the parsing. */
typedef bool nginx_statement_fn(const struct nginx_statement *st, void *arg);

/* Statements in order, blocks opening and closing in turn. 0, also when fn ended it; -EBADMSG at
 * the line *ret_line: no configuration file; -ENOMEM. */
int nginx_parse(struct bytes text, nginx_statement_fn *fn, void *arg, unsigned *ret_line);
