#include "installer/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int make_below(const char *parent, struct workdir *ret)
{
    struct workdir d;
    int n = snprintf(d.path, sizeof(d.path), "%s/visavis-dev-XXXXXX", parent);

    if (n < 0 || (size_t) n >= sizeof(d.path))
        return -ENAMETOOLONG;
    if (!mkdtemp(d.path))
        return -errno;
    *ret = d;
    return 0;
}

int workdir_make(struct workdir *ret)
{
    static const char *const variables[] = {"XDG_RUNTIME_DIR", "TMPDIR"};

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *parent = getenv(variables[i]);

        if (parent && *parent == '/' && make_below(parent, ret) == 0)
            return 0;
    }
    return make_below("/tmp", ret);
}

void workdir_remove(struct workdir *d)
{
    DIR *dir = d->path[0] ? opendir(d->path) : NULL;
    struct dirent *e;

    if (!dir)
        return;
    while ((e = readdir(dir)))
        if (e->d_type != DT_DIR)
            unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    rmdir(d->path);
    d->path[0] = '\0';
}

static int write_all(int fd, struct bytes b)
{
    while (b.len > 0) {
        ssize_t n = write(fd, b.p, b.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        b.p += n;
        b.len -= (size_t) n;
    }
    return 0;
}

int workdir_write(const struct workdir *d, const char *name, struct bytes content)
{
    char temporary[WORKDIR_PATH_SIZE + 64], path[WORKDIR_PATH_SIZE + 64];
    int r, fd;

    snprintf(temporary, sizeof(temporary), "%s/.%s.new", d->path, name);
    snprintf(path, sizeof(path), "%s/%s", d->path, name);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    r = write_all(fd, content);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(temporary, path) < 0)
        r = -errno;
    if (r < 0)
        unlink(temporary);
    return r;
}
