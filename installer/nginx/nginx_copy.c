#include "nginx/nginx_copy.h"

#include "base/blob.h"
#include "base/buf.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/subprocess.h"
#include "nginx/nginx_walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONF_MAX (1 << 20)
#define RUN_TIMEOUT_MS 20000

/* Outside the folder of the main file, a place for links has its copy in here. */
#define OUTSIDE ".outside"

static int join(char buf[static PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(buf, PATH_MAX, "%s/%s", dir, name);

    return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static bool is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* Where a folder that may hold links of ours is in the copy. False: it is no such folder. */
static int copied_dir(const struct nginx_copy *c, const char *dir, char ret[static PATH_MAX])
{
    char parent[PATH_MAX];
    int r = join(parent, c->dir.path, OUTSIDE);

    if (is_below(dir, c->real))
        return join(ret, c->dir.path, dir + strlen(c->real) + 1);
    return r < 0 ? r : join(ret, parent, dir + 1);
}

/* ---- links ---- */

static bool is_link_dir(const char *path)
{
    char dir[PATH_MAX];

    for (const struct nginx_link_place *p = nginx_link_places; p->dir; p++)
        if (strcmp(path, path_in_root(dir, p->dir)) == 0)
            return true;
    return false;
}

/* Links to all that is in one folder, but for what has a copy of its own or is ours. */
static int link_all(const char *from, const char *to, const char *main_file)
{
    DIR *d = opendir(from);
    struct dirent *e;
    int r = d ? 0 : -errno;

    while (r == 0 && d && (e = readdir(d))) {
        char source[PATH_MAX], target[PATH_MAX];

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        r = join(source, from, e->d_name);
        if (r == 0)
            r = join(target, to, e->d_name);
        if (r < 0 || strcmp(source, main_file) == 0 || is_link_dir(source) || nginx_is_ours(source))
            continue;
        if (symlink(source, target) < 0)
            r = -errno;
    }
    if (d)
        closedir(d);
    return r;
}

static int copy_link_dirs(const struct nginx_copy *c)
{
    for (const struct nginx_link_place *p = nginx_link_places; p->dir; p++) {
        char dir[PATH_MAX], copy[PATH_MAX];
        struct stat st;
        int r;

        path_in_root(dir, p->dir);
        if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
            continue;
        r = copied_dir(c, dir, copy);
        if (r == 0)
            r = dir_make(copy, NULL);
        if (r == 0)
            r = link_all(dir, copy, c->conf);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Our files where nginx_link() would let it find them. */
static int link_ours(const struct nginx_copy *c, const struct nginx_facts *f)
{
    const char *const links[N_NGINX_FILES] = {
        [NGINX_FILE_SITE] = f->site_link,
        [NGINX_FILE_STREAM] = f->stream_link,
    };

    for (int i = 0; i < N_NGINX_FILES; i++) {
        char copy[PATH_MAX];
        int r;

        if (!c->files[i])
            continue;
        r = *links[i] ? copied_dir(c, links[i], copy) : -ENOENT;
        if (r == 0 && symlink(c->files[i], copy) < 0)
            r = -errno;
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- the main file ---- */

struct rewrite {
    const struct nginx_copy *c;
    const char *text;
    size_t copied; /* so much of the text */
    struct blob *out;
    int error;
    unsigned depth;
};

static void append(struct rewrite *x, const char *text, size_t len)
{
    int r = blob_append(x->out, bytes_of(text, len));

    if (r < 0)
        x->error = r;
}

static void append_line_breaks(struct rewrite *x, size_t from, size_t to)
{
    for (; from < to; from++)
        if (x->text[from] == '\n')
            append(x, "\n", 1);
}

/* Lines keep their numbers: nginx names them in what it says. */
static void replace(struct rewrite *x, const struct nginx_statement *st, const char *with)
{
    append(x, x->text + x->copied, st->start - x->copied);
    append(x, with, strlen(with));
    append_line_breaks(x, st->start, st->end);
    x->copied = st->end;
}

/* An absolute include of a folder that has a copy. */
static void rewrite_include(struct rewrite *x, const struct nginx_statement *st)
{
    const char *pattern = st->words[1], *slash = strrchr(pattern, '/');
    char dir[PATH_MAX], copy[PATH_MAX], text[2 * PATH_MAX];

    if (*pattern != '/' || (size_t) (slash - pattern) >= sizeof(dir))
        return;
    snprintf(dir, sizeof(dir), "%.*s", (int) (slash - pattern), pattern);
    if ((!is_link_dir(dir) && !is_below(pattern, x->c->real)) || copied_dir(x->c, dir, copy) < 0)
        return;
    if (strcmp(dir, x->c->real) == 0)
        snprintf(copy, sizeof(copy), "%s", x->c->dir.path);
    snprintf(text, sizeof(text), "include \"%s%s\";", copy, slash);
    replace(x, st, text);
}

static bool on_statement(const struct nginx_statement *st, void *arg)
{
    static const char *const dropped[] = {"pid", "daemon", "master_process"};
    struct rewrite *x = arg;

    if (st->n_words == 0) {
        x->depth--;
        return true;
    }
    if (st->n_words == 2 && strcmp(st->words[0], "include") == 0)
        rewrite_include(x, st);
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
        if (x->depth == 0 && strcmp(st->words[0], dropped[i]) == 0)
            replace(x, st, "");
    x->depth += st->opens;
    return x->error == 0;
}

static int write_main(const struct nginx_copy *c, const char *main_file)
{
    static const struct file_access private = {0600, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    struct blob out = blob_init(2 * CONF_MAX);
    struct rewrite x = {.c = c, .out = &out};
    char head[2 * PATH_MAX], *text;
    unsigned line;
    size_t len;
    int r = file_read(main_file, CONF_MAX, &text, &len);

    if (r < 0)
        return r;
    x.text = text;
    /* Its own log comes first, so that it keeps no descriptor of ours. */
    snprintf(head, sizeof(head), "master_process off; pid \"%s\"; error_log \"%s/error.log\"; ",
             c->pid_file, c->dir.path);
    append(&x, head, strlen(head));
    (void) nginx_parse(bytes_of(text, len), on_statement, &x, &line);
    append(&x, text + x.copied, len - x.copied);
    r = x.error ? x.error : file_write(c->conf, blob_bytes(&out), &private);
    blob_clear(&out);
    free(text);
    return r;
}

int nginx_copy_make(const struct nginx_facts *f, const char *const files[N_NGINX_FILES],
                    struct nginx_copy *ret)
{
    struct nginx_copy c = {.files = {NULL}};
    const char *slash = strrchr(f->conf, '/');
    int r;

    if (!slash || slash == f->conf)
        return -ENOENT;
    snprintf(c.real, sizeof(c.real), "%.*s", (int) (slash - f->conf), f->conf);
    memcpy(c.files, files, sizeof(c.files));
    r = workdir_make(&c.dir);
    if (r == 0)
        r = join(c.conf, c.dir.path, slash + 1);
    if (r == 0)
        r = join(c.pid_file, c.dir.path, ".pid");
    if (r == 0)
        r = link_all(c.real, c.dir.path, f->conf);
    if (r == 0)
        r = copy_link_dirs(&c);
    if (r == 0)
        r = link_ours(&c, f);
    if (r == 0)
        r = write_main(&c, f->conf);
    if (r < 0)
        workdir_remove(&c.dir);
    else
        *ret = c;
    return r;
}

void nginx_copy_remove(struct nginx_copy *c)
{
    workdir_remove(&c->dir);
}

/* ---- what it says ---- */

/* The name of a copied file becomes that of the real one. Returns how much of text was read. */
static size_t explain_path(const struct nginx_copy *c, const char *text, struct wr *w)
{
    const char *rest = text + strlen(c->dir.path);
    size_t outside = strlen("/" OUTSIDE);

    for (const struct nginx_link_place *p = nginx_link_places; p->dir; p++) {
        char dir[PATH_MAX], name[PATH_MAX], path[PATH_MAX];
        size_t len;

        if (!c->files[p->file] || copied_dir(c, path_in_root(dir, p->dir), name) < 0 ||
            join(path, name, p->name) < 0)
            continue;
        len = strlen(path);
        if (strncmp(text, path, len) == 0 && strchr(":\"", text[len])) {
            wr_str(w, c->files[p->file]);
            return len;
        }
    }
    if (strncmp(rest, "/" OUTSIDE, outside) == 0)
        return strlen(c->dir.path) + outside;
    wr_str(w, c->real);
    return strlen(c->dir.path);
}

static void explain_line(const struct nginx_copy *c, const char *line, size_t len, struct wr *w)
{
    static const char program[] = "nginx: ";
    size_t dir_len = strlen(c->dir.path);
    size_t at = strncmp(line, program, sizeof(program) - 1) == 0 ? sizeof(program) - 1 : 0;

    if (wr_len(w) > 0)
        wr_str(w, "; ");
    while (at < len) {
        if (len - at > dir_len && strncmp(line + at, c->dir.path, dir_len) == 0)
            at += explain_path(c, line + at, w);
        else
            wr_u8(w, (uint8_t) line[at++]);
    }
}

static bool is_fault(const char *line, size_t len)
{
    struct bytes b = bytes_of(line, len);

    return b.len > 0 && (memmem(line, len, "[emerg]", 7) || memmem(line, len, "[alert]", 7) ||
                         memmem(line, len, "[crit]", 6));
}

void nginx_copy_explain(const struct nginx_copy *c, const char *said, char *ret, size_t size)
{
    bool faults_only = strstr(said, "[emerg]") != NULL;
    struct wr w = wr_init(ret, size - 1);

    while (*said && !w.failed) {
        size_t len = strcspn(said, "\n");

        if (len > 0 && (!faults_only || is_fault(said, len)))
            explain_line(c, said, len, &w);
        said += len + (said[len] == '\n');
    }
    ret[wr_len(&w)] = '\0';
}

int nginx_copy_run(const struct nginx_copy *c, bool test, char *why, size_t why_size)
{
    const char *const argv[] = {"nginx", "-c", c->conf, test ? "-t" : NULL, NULL};
    struct subprocess_result result;
    int r = subprocess_run(argv, NULL, RUN_TIMEOUT_MS, &result);

    if (r < 0) {
        snprintf(why, why_size, "nginx cannot be run: %s", strerror(-r));
        return -EINVAL;
    }
    if (result.status != 0) {
        nginx_copy_explain(c, result.error, why, why_size);
        if (!*why)
            snprintf(why, why_size, "nginx %s",
                     result.status < 0 ? "did not end in time" : "failed and does not say why");
        r = -EINVAL;
    }
    subprocess_done(&result);
    return r;
}
