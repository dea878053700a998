/* nginx.h: the distribution's nginx: what it is like on this machine, which of the layouts fits,
 * and whether it would start with files of ours. Rendering is in site.h. */
#pragma once

#include "installer/settings.h"

#include <limits.h>

enum proxy_layout {
    PROXY_FRONT,   /* a stream server of ours owns HTTPS_PORT and routes by the TLS hello */
    PROXY_SITE,    /* other sites share HTTPS_PORT: a site file alone */
    PROXY_EXTERNAL /* another web server; nothing of nginx is touched */
};

struct nginx_facts {
    bool installed;
    bool running;
    bool has_stream;           /* stream module with ssl_preread */
    bool conf_d;               /* RHEL-like: conf.d instead of sites-enabled */
    bool ipv6;                 /* the machine has it */
    bool https_shared;         /* another site listens on HTTPS_PORT */
    bool http_default_taken;   /* another site is default_server of HTTP_PORT */
    unsigned version;          /* 1022001 for 1.22.1; 0 unknown */
    long worker_connections;   /* as configured; 0 unknown */
    char https_shared_by[256]; /* "file:line" of that site */
    char broken[1024];         /* its configuration without ours is wrong: what nginx says; "" */
};

/* Looks at the configuration (nginx -T) and the machine. 0 also when nginx is not installed. */
int nginx_look(const struct settings *s, struct nginx_facts *ret);

/* The layout that the settings ask for or the machine suggests. -EINVAL with a sentence in why when
 * what was asked for cannot be. Pure. */
int nginx_choose(const struct settings *s, const struct nginx_facts *f,
                 enum proxy_layout *ret_layout, char *why, size_t why_size);

/* Starts a second nginx for a moment with the whole configuration as it would be with the files of
 * that generation, on the real ports where no nginx of the machine holds them. -EINVAL and what it
 * says in why; *ret_foreign: the fault lies in a file that is not ours. */
int nginx_try(const char *generation, enum proxy_layout layout, const struct nginx_facts *f,
              char *why, size_t why_size, bool *ret_foreign);

/* Lets nginx find the files of `current`, or takes that away again. *ret_changed: a link was made
 * or removed. -EEXIST: something else is in the place. */
int nginx_link(enum proxy_layout layout, const struct nginx_facts *f, bool *ret_changed);
int nginx_unlink(bool *ret_changed);
