/* nginx_places.h: where links to our files may be, by distribution. */
#pragma once

#include <limits.h>
#include <stdbool.h>

enum nginx_file { NGINX_FILE_SITE, NGINX_FILE_STREAM, N_NGINX_FILES };

/* Of a generation: "nginx-site.conf", ... */
extern const char *const nginx_file_names[N_NGINX_FILES];

struct nginx_link_place {
    enum nginx_file file;
    const char *dir; /* absolute; path_in_root() makes it that of this machine */
    const char *name;
};

/* The better one first; ended by an empty one. */
extern const struct nginx_link_place nginx_link_places[];

/* The path of one; returns buf. */
const char *nginx_link_path(char buf[static PATH_MAX], const struct nginx_link_place *p);

/* Is it a link to a file of ours, whether that is there or not? */
bool nginx_is_ours(const char *path);
