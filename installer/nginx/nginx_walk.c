#include "nginx/nginx_walk.h"

#include "files/files.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (4 << 20)
#define FILES_MAX 4096 /* an include of itself ends here */
#define INCLUDES_MAX 16

struct walk {
    const char *main_file;
    const struct nginx_visitor *v;
    char context[NGINX_CONTEXT_SIZE];
    size_t hidden; /* blocks opened inside one whose name did not fit any more */
    unsigned n_files, n_includes;
};

struct walk_file {
    struct walk *w;
    const char *name;
};

const char *nginx_include_path(char buf[static PATH_MAX], const char *main_file, const char *name)
{
    const char *slash = strrchr(main_file, '/');

    if (*name == '/')
        snprintf(buf, PATH_MAX, "%s", name);
    else
        snprintf(buf, PATH_MAX, "%.*s%s", slash ? (int) (slash + 1 - main_file) : 0, main_file,
                 name);
    return buf;
}

static void enter(struct walk *w, const char *block)
{
    size_t len = strlen(w->context);

    if (w->hidden > 0 || len + 1 + strlen(block) >= sizeof(w->context))
        w->hidden++;
    else
        snprintf(w->context + len, sizeof(w->context) - len, "%s%s", len ? "/" : "", block);
}

static void leave(struct walk *w)
{
    char *slash = strrchr(w->context, '/');

    if (w->hidden > 0)
        w->hidden--;
    else
        *(slash ? slash : w->context) = '\0';
}

static int walk_file(struct walk *w, const char *name);

static void include(struct walk *w, const char *name)
{
    char pattern[PATH_MAX];
    glob_t found;

    if (w->n_includes == INCLUDES_MAX)
        return;
    nginx_include_path(pattern, w->main_file, name);
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    w->n_includes++;
    for (size_t i = 0; i < found.gl_pathc; i++)
        (void) walk_file(w, found.gl_pathv[i]);
    w->n_includes--;
    globfree(&found);
}

static bool on_statement(const struct nginx_statement *st, void *arg)
{
    struct walk_file *f = arg;
    struct walk *w = f->w;
    struct nginx_place at = {.context = w->context, .file = f->name, .line = st->line};

    if (w->hidden == 0)
        w->v->on_statement(st, &at, w->v->arg);
    if (st->n_words == 0)
        leave(w);
    else if (st->opens)
        enter(w, st->words[0]);
    else if (st->n_words == 2 && strcmp(st->words[0], "include") == 0)
        include(w, st->words[1]);
    return true;
}

static int walk_file(struct walk *w, const char *name)
{
    struct walk_file f = {.w = w, .name = name};
    char context[NGINX_CONTEXT_SIZE];
    size_t hidden = w->hidden, len;
    char *text;
    unsigned line;
    int r;

    if (w->n_files++ >= FILES_MAX || (w->v->skips && w->v->skips(name, w->v->arg)))
        return 0;
    r = file_read(name, FILE_MAX, &text, &len);
    if (r < 0)
        return r;
    memcpy(context, w->context, sizeof(context));
    (void) nginx_parse(bytes_of(text, len), on_statement, &f, &line);
    memcpy(w->context, context, sizeof(context)); /* a broken file may have left blocks open */
    w->hidden = hidden;
    free(text);
    return 0;
}

int nginx_walk(const char *main_file, const struct nginx_visitor *v)
{
    struct walk w = {.main_file = main_file, .v = v};

    return walk_file(&w, main_file);
}
