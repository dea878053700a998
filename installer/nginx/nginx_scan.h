/* nginx_scan.h: the facts that a configuration of nginx holds, ours left out. Reads files; nginx
 * itself need not be there. */
#pragma once

#include "nginx/nginx.h"

struct nginx_build {
    unsigned version;
    bool stream, stream_dynamic; /* built in; a module to load */
    bool preread, realip, http2, status;
    char conf[PATH_MAX]; /* default places */
    char pid[PATH_MAX];
};

/* What `nginx -V` prints. Pure. */
void nginx_build_parse(const char *text, struct nginx_build *ret);

/* Adds to *f what its conf says. pid_file: what `pid` names, if it does. */
void nginx_scan(const struct settings *s, const struct nginx_build *build, struct nginx_facts *f,
                char pid_file[static PATH_MAX]);
