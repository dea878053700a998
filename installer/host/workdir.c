#include "host/workdir.h"

#include "files/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_below(const char *parent, struct workdir *ret)
{
    struct workdir d;
    int n = snprintf(d.path, sizeof(d.path), "%s/" WORKDIR_NAME "XXXXXX", parent);

    if (n < 0 || (size_t) n >= sizeof(d.path))
        return -ENAMETOOLONG;
    if (!mkdtemp(d.path))
        return -errno;
    *ret = d;
    return 0;
}

/* Where nobody but root and us can put something else in the place of what we make. */
static bool is_safe(const char *parent)
{
    struct stat st;

    return stat(parent, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0) &&
           (!(st.st_mode & 0022) || (st.st_mode & S_ISVTX));
}

int workdir_make(struct workdir *ret)
{
    static const char *const variables[] = {"XDG_RUNTIME_DIR", "TMPDIR"};

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *parent = getenv(variables[i]);

        if (parent && *parent == '/' && is_safe(parent) && make_below(parent, ret) == 0)
            return 0;
    }
    return make_below("/tmp", ret);
}

void workdir_remove(struct workdir *d)
{
    if (d->path[0])
        (void) dir_remove(d->path);
    d->path[0] = '\0';
}

int workdir_write(const struct workdir *d, const char *name, struct bytes content)
{
    static const struct file_access private = {0600, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    char path[WORKDIR_PATH_SIZE + 64];
    int n = snprintf(path, sizeof(path), "%s/%s", d->path, name);

    if (n < 0 || (size_t) n >= sizeof(path))
        return -ENAMETOOLONG;
    return file_write(path, content, &private);
}
