#include "nginx/nginx_places.h"

#include "host/paths.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const nginx_file_names[N_NGINX_FILES] = {
    [NGINX_FILE_SITE] = "nginx-site.conf",
    [NGINX_FILE_STREAM] = "nginx-stream.conf",
};

const struct nginx_link_place nginx_link_places[] = {
    {NGINX_FILE_SITE, "/etc/nginx/sites-enabled", "visavis.conf"},
    {NGINX_FILE_SITE, "/etc/nginx/conf.d", "visavis.conf"},
    /* behind 50-mod-stream.conf, which loads the module */
    {NGINX_FILE_STREAM, "/etc/nginx/modules-enabled", "90-visavis-stream.conf"},
    {NGINX_FILE_STREAM, "/usr/share/nginx/modules", "visavis-stream.conf"},
    {.dir = NULL},
};

const char *nginx_link_path(char buf[static PATH_MAX], const struct nginx_link_place *p)
{
    char dir[PATH_MAX];

    path_in_root(dir, p->dir);
    if ((size_t) snprintf(buf, PATH_MAX, "%s/%s", dir, p->name) >= PATH_MAX)
        *buf = '\0';
    return buf;
}

bool nginx_is_ours(const char *path)
{
    const char *conf = path_of(PATH_CONF);
    size_t len = strlen(conf);
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof(target) - 1);

    if (n < 0)
        return false;
    target[n] = '\0';
    return strncmp(target, conf, len) == 0 && target[len] == '/';
}
