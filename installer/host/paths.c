#include "host/paths.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const texts[N_PATHS] = {
    [PATH_ENV] = "/etc/visavis/.env",
    [PATH_ETC] = "/etc/visavis",
    [PATH_OWNCERT] = "/etc/visavis/owncert",
    [PATH_NGINX_OWN] = "/etc/visavis/nginx.d",
    [PATH_STATE] = "/var/lib/visavis",
    [PATH_CONF] = "/var/lib/visavis/conf",
    [PATH_CURRENT] = "/var/lib/visavis/conf/current",
    [PATH_CERTS] = "/var/lib/visavis/certs",
    [PATH_ACME] = "/var/lib/visavis/acme",
    [PATH_ACME_WEBROOT] = "/var/lib/visavis/acme/webroot",
    [PATH_RECORDINGS] = "/var/lib/visavis/recordings",
    [PATH_CDR] = "/var/lib/visavis/cdr",
    [PATH_LAYOUTS] = "/var/lib/visavis/custom-layout",
    [PATH_REDIS] = "/var/lib/visavis/redis",
    [PATH_RUN] = "/run/visavis",
    [PATH_NGINX] = "/etc/nginx",
    [PATH_SYSTEMD] = "/etc/systemd/system",
};

const char *path_root(void)
{
    const char *root = getenv("VISAVIS_ROOT");

    return root ? root : "";
}

const char *path_of(enum path p)
{
    static char below_root[N_PATHS][PATH_MAX];

    if (!*path_root())
        return texts[p];
    return path_in_root(below_root[p], texts[p]);
}

const char *path_join(char buf[static PATH_MAX], enum path p, const char *name)
{
    snprintf(buf, PATH_MAX, "%s/%s", path_of(p), name);
    return buf;
}

const char *path_in_root(char buf[static PATH_MAX], const char *path)
{
    snprintf(buf, PATH_MAX, "%s%s", path_root(), path);
    return buf;
}
