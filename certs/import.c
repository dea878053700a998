#include "certs/certs.h"

#include "certs/owncert.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct file_access root_alone = {0600, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
static const struct file_access public_file = {0644, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};

/* A second name for the file that is about to be replaced, so there is no moment without it. */
static int keep_old(const char *path)
{
    char old[PATH_MAX + sizeof(".old")];

    snprintf(old, sizeof(old), "%s.old", path);
    if (unlink(old) < 0 && errno != ENOENT)
        return -errno;
    return link(path, old) < 0 && errno != ENOENT ? -errno : 0;
}

static int replace(const char *path, const char *text, const struct file_access *access)
{
    int r = keep_old(path);

    return r < 0 ? r : file_write(path, bytes_str(text), access);
}

int certs_put_owncert(const char *store, const char *owncert, const struct certs_pem *pem)
{
    char cert[PATH_MAX], key[PATH_MAX];
    struct store s;
    int r = owncert_paths(owncert, cert, key);

    if (r == 0)
        r = store_open(store, &root_alone, &s);
    if (r < 0)
        return r;
    r = dir_make(owncert, NULL);
    if (r == 0)
        r = replace(key, pem->key, &root_alone);
    if (r == 0)
        r = replace(cert, pem->certs, &public_file);
    store_close(&s);
    return r;
}
