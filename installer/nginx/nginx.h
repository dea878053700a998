/* nginx.h: the distribution's nginx: what it is like on this machine, which of the layouts fits,
 * and whether it would start with files of ours. Rendering is in site.h. */
#pragma once

#include "host/network.h"
#include "settings/allow_list.h"
#include "settings/settings.h"

#include <limits.h>
#include <sys/types.h>

enum proxy_layout {
    PROXY_FRONT,   /* a stream server of ours owns HTTPS_PORT and routes by the TLS hello */
    PROXY_SITE,    /* other sites share HTTPS_PORT: a site file alone */
    PROXY_EXTERNAL /* another web server; nothing of nginx is touched */
};

/* "front", "site", "external". */
extern const char *const proxy_layout_names[]; /* ended by NULL */

#define NGINX_WHERE_SIZE 256 /* "file:line", cut if need be */
#define NGINX_NETWORKS_MAX 64

struct nginx_facts {
    bool installed;
    bool running;
    bool has_stream; /* stream module with ssl_preread, and http realip: front needs them */
    bool has_http2;
    bool has_status;         /* stub_status */
    bool conf_d;             /* RHEL-like: conf.d instead of sites-enabled */
    bool ipv6;               /* the machine has it */
    bool https_shared;       /* another site listens on HTTPS_PORT */
    bool https_http2;        /* ... with HTTP/2 (before 1.25.1 a matter of the port) */
    bool http_default_taken; /* another site listens on HTTP_PORT, and stays the default there */
    /* Another program than nginx holds HTTP_PORT, on IPv4 or IPv6: nginx would not start. */
    bool http_held_ipv4, http_held_ipv6;
    char http_held_by[512];  /* "apache2 (process 812, ...)" */
    unsigned names_taken;    /* bit i: item i of CERTIFICATE_NAMES is another site's on our ports */
    bool ocsp;               /* the served certificate names an OCSP responder; filled by the
                              * caller that knows the certificate */
    unsigned version;        /* 1022001 for 1.22.1; 0 unknown */
    pid_t pid;               /* of the master process; 0 not running */
    long worker_connections; /* as configured; 0 unknown */
    char worker_connections_at[NGINX_WHERE_SIZE];
    char https_shared_by[NGINX_WHERE_SIZE]; /* "file:line" of that site */
    char name_taken_by[NGINX_WHERE_SIZE];   /* another site on our ports has our name */
    char stream_block_at[NGINX_WHERE_SIZE]; /* there is a stream{} already; a second is an error */
    char port_in_stream_at[NGINX_WHERE_SIZE]; /* a stream server of others has one of our ports */
    char broken[1024];          /* its configuration without ours is wrong: what nginx says; "" */
    char conf[PATH_MAX];        /* its main file */
    char site_link[PATH_MAX];   /* where it would find our site; "" nowhere */
    char stream_link[PATH_MAX]; /* and our stream server */
    struct allow_net networks[NGINX_NETWORKS_MAX]; /* of this machine's interfaces */
    size_t n_networks;
    struct addr public_ip; /* own public address (PROXY_PUBLIC_IP) for the allow lists; family 0
                            * unknown; filled by the two below */
};

/* Looks at the configuration and the machine. 0 also when nginx is not installed. */
int nginx_look(const struct settings *s, struct nginx_facts *ret);

/* Fills public_ip: by looking, which may take a second; with what was decided. */
void nginx_find_public_ip(const struct settings *s, struct nginx_facts *f);
void nginx_set_public_ip(struct nginx_facts *f, const struct turn_ip *ip);

/* The layout that the settings ask for or the machine suggests. -EINVAL with a sentence in why when
 * what was asked for cannot be; after 0 why tells what keeps `auto` from the front layout, or is
 * "". Pure. */
int nginx_choose(const struct settings *s, const struct nginx_facts *f,
                 enum proxy_layout *ret_layout, char *why, size_t why_size);

/* A sentence about worker_connections when nginx has fewer than WORKER_CONNECTIONS; "" and false
 * when all is fine. Pure. */
bool nginx_advise_connections(const struct settings *s, const struct nginx_facts *f,
                              enum proxy_layout layout, char *text, size_t size);

/* A sentence about HTTP_PORT when another program holds it and the site goes without; "" and false
 * when all is fine. Pure. */
bool nginx_advise_http_port(const struct settings *s, const struct nginx_facts *f,
                            enum proxy_layout layout, char *text, size_t size);

/* Starts a second nginx for a moment with the whole configuration as it would be with the files of
 * that generation (a folder), on the real ports where no nginx of the machine holds them. -EINVAL
 * and what it says in why; *ret_foreign: the fault lies in a file that is not ours. */
int nginx_try(const char *generation, enum proxy_layout layout, const struct nginx_facts *f,
              char *why, size_t why_size, bool *ret_foreign);

/* Whoever was killed during a trial has left it running: it is a daemon, and on the ports that are
 * to be looked at. Trials exclude each other, so any that is there is one of those. */
void nginx_end_trials(void);

/* Lets nginx find the files of `current`, or takes that away again. *ret_changed: a link was made
 * or removed. -EEXIST: something else is in the place; -ENOENT: nginx reads no place of ours. */
int nginx_link(enum proxy_layout layout, const struct nginx_facts *f, bool *ret_changed);
int nginx_unlink(bool *ret_changed);
