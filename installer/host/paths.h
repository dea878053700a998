/* paths.h: where everything is on an installed machine. One list; tests put a folder in front of
 * all of it with VISAVIS_ROOT. */
#pragma once

#include <limits.h>

enum path {
    PATH_ENV,          /* /etc/visavis/.env */
    PATH_ETC,          /* /etc/visavis */
    PATH_OWNCERT,      /* /etc/visavis/owncert */
    PATH_NGINX_OWN,    /* /etc/visavis/nginx.d: the operator's locations */
    PATH_STATE,        /* /var/lib/visavis */
    PATH_CONF,         /* /var/lib/visavis/conf: generations */
    PATH_CURRENT,      /* /var/lib/visavis/conf/current */
    PATH_CERTS,        /* /var/lib/visavis/certs */
    PATH_ACME,         /* /var/lib/visavis/acme */
    PATH_ACME_WEBROOT, /* /var/lib/visavis/acme/webroot */
    PATH_RECORDINGS,   /* /var/lib/visavis/recordings */
    PATH_CDR,          /* /var/lib/visavis/cdr */
    PATH_LAYOUTS,      /* /var/lib/visavis/custom-layout */
    PATH_REDIS,        /* /var/lib/visavis/redis */
    PATH_RUN,          /* /run/visavis */
    PATH_NGINX,        /* /etc/nginx */
    PATH_SYSTEMD,      /* /etc/systemd/system */
    N_PATHS
};

/* Valid for the life of the process. */
const char *path_of(enum path p);

/* VISAVIS_ROOT, or "". */
const char *path_root(void);

/* path_of(p) "/" name, in buf. */
const char *path_join(char buf[static PATH_MAX], enum path p, const char *name);

/* An absolute path below the root. */
const char *path_in_root(char buf[static PATH_MAX], const char *path);
