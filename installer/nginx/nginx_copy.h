/* nginx_copy.h: a copy of this machine's nginx configuration, in links, with other files of ours in
 * it or none: for trying it out while the real one stays as it is. */
#pragma once

#include "host/workdir.h"
#include "nginx/nginx.h"
#include "nginx/nginx_places.h"

struct nginx_copy {
    struct workdir dir;
    char conf[PATH_MAX];              /* its main file */
    char pid_file[PATH_MAX];          /* its own */
    char real[PATH_MAX];              /* the folder that it stands for */
    const char *files[N_NGINX_FILES]; /* as given */
};

/* files: of ours, by enum nginx_file; NULL for those to be left out; borrowed. */
int nginx_copy_make(const struct nginx_facts *f, const char *const files[N_NGINX_FILES],
                    struct nginx_copy *ret);

/* A zeroed one is fine. */
void nginx_copy_remove(struct nginx_copy *c);

/* What nginx said about the copy, told of the files that it stands for: the lines of faults, or
 * else all of it. Cuts at size. */
void nginx_copy_explain(const struct nginx_copy *c, const char *said, char *ret, size_t size);

/* Runs nginx on it: `nginx -t`, or a start as a daemon when test is false. 0; -EINVAL with what it
 * says in why. */
int nginx_copy_run(const struct nginx_copy *c, bool test, char *why, size_t why_size);
