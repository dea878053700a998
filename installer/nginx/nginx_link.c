#include "files/files.h"
#include "host/paths.h"
#include "nginx/nginx.h"
#include "nginx/nginx_places.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int link_one(const char *link, enum nginx_file file, bool *changed)
{
    char target[PATH_MAX], now[PATH_MAX];
    ssize_t n;
    int r;

    path_join(target, PATH_CURRENT, nginx_file_names[file]);
    n = readlink(link, now, sizeof(now) - 1);
    if (n >= 0) {
        now[n] = '\0';
        if (strcmp(now, target) == 0)
            return 0;
        if (!nginx_is_ours(link))
            return -EEXIST;
    }
    r = link_replace(link, target);
    *changed |= r == 0;
    return r;
}

/* Ours only: what else has the name stays. */
static int unlink_all(const char *const keep[N_NGINX_FILES], bool *changed)
{
    int r = 0;

    for (const struct nginx_link_place *p = nginx_link_places; p->dir; p++) {
        char link[PATH_MAX];

        nginx_link_path(link, p);
        if ((keep[p->file] && strcmp(keep[p->file], link) == 0) || !nginx_is_ours(link))
            continue;
        if (unlink(link) == 0)
            *changed = true;
        else if (r == 0)
            r = -errno;
    }
    return r;
}

int nginx_link(enum proxy_layout layout, const struct nginx_facts *f, bool *ret_changed)
{
    const char *links[N_NGINX_FILES] = {NULL};
    bool changed = false;
    int r = 0;

    if (layout != PROXY_EXTERNAL)
        links[NGINX_FILE_SITE] = f->site_link;
    if (layout == PROXY_FRONT)
        links[NGINX_FILE_STREAM] = f->stream_link;
    for (int i = 0; i < N_NGINX_FILES && r == 0; i++)
        if (links[i])
            r = *links[i] ? link_one(links[i], (enum nginx_file) i, &changed) : -ENOENT;
    if (r == 0)
        r = unlink_all(links, &changed);
    *ret_changed = changed;
    return r;
}

int nginx_unlink(bool *ret_changed)
{
    static const char *const nothing[N_NGINX_FILES];
    bool changed = false;
    int r = unlink_all(nothing, &changed);

    *ret_changed = changed;
    return r;
}
