/* nginx_walk.h: every statement of a configuration of nginx, with the files that it includes. */
#pragma once

#include "nginx/nginx_parse.h"

#include <limits.h>

#define NGINX_CONTEXT_SIZE 128

struct nginx_place {
    const char
        *context; /* the blocks around it: "", "http", "http/server", "http/server/location" */
    const char *file;
    unsigned line;
};

struct nginx_visitor {
    /* A statement; for the end of a block context is that block, and st->n_words 0. */
    void (*on_statement)(const struct nginx_statement *st, const struct nginx_place *at, void *arg);
    /* Leave a file out? May be NULL. */
    bool (*skips)(const char *file, void *arg);
    void *arg;
};

/* Files that cannot be read or parsed are passed over from there on: nginx itself tells what is
 * wrong with them. -ENOENT, ...: main_file cannot be read. */
int nginx_walk(const char *main_file, const struct nginx_visitor *v);

/* The file or pattern that an include names, absolute: relative ones start where main_file is. */
const char *nginx_include_path(char buf[static PATH_MAX], const char *main_file, const char *name);
