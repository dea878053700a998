#include "certs/versions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define LIST_MAX 64
#define NEW_NAME "new" /* the version being written */

int versions_path(const struct versions *v, unsigned number, char path[static PATH_MAX])
{
    return path_format(path, "%s/%s/%u", v->base, v->folder, number);
}

/* "7"; 0 for what is no number of ours. */
static unsigned parse_number(const char *text)
{
    uint64_t n;

    if (text[0] == '0' || bytes_to_u64(bytes_str(text), INT_MAX, &n) < 0)
        return 0;
    return (unsigned) n;
}

int versions_current(const struct versions *v, unsigned *ret_number)
{
    char path[PATH_MAX], target[PATH_MAX];
    size_t len = strlen(v->folder);
    unsigned number;
    ssize_t n;
    int r = path_format(path, "%s/%s", v->base, v->link);

    if (r < 0)
        return r;
    n = readlink(path, target, sizeof(target) - 1);
    if (n < 0)
        return errno == ENOENT || errno == EINVAL ? -ENOENT : -errno;
    target[n] = '\0';
    if (strncmp(target, v->folder, len) != 0 || target[len] != '/')
        return -ENOENT;
    number = parse_number(target + len + 1);
    if (number == 0 || !file_exists(path))
        return -ENOENT;
    *ret_number = number;
    return 0;
}

static int newest_first(const void *a, const void *b)
{
    unsigned x = *(const unsigned *) a, y = *(const unsigned *) b;

    return (x < y) - (x > y);
}

size_t versions_list(const struct versions *v, unsigned *ret, size_t max)
{
    unsigned all[LIST_MAX];
    char path[PATH_MAX];
    struct dirent *e;
    size_t n = 0;
    DIR *dir = path_format(path, "%s/%s", v->base, v->folder) == 0 ? opendir(path) : NULL;

    while (dir && n < LIST_MAX && (e = readdir(dir))) {
        all[n] = parse_number(e->d_name);
        n += all[n] != 0;
    }
    if (dir)
        closedir(dir);
    qsort(all, n, sizeof(all[0]), newest_first);
    if (n > max)
        n = max;
    memcpy(ret, all, n * sizeof(all[0]));
    return n;
}

static int remove_version(const struct versions *v, unsigned number)
{
    char path[PATH_MAX];
    int r = versions_path(v, number, path);

    return r < 0 ? r : dir_remove(path);
}

/* All but the one in force and the newest others. */
static int prune(const struct versions *v, unsigned current)
{
    unsigned all[LIST_MAX], kept = 1;
    size_t n = versions_list(v, all, LIST_MAX);

    for (size_t i = 0; i < n; i++) {
        int r = 0;

        if (all[i] == current)
            continue;
        if (kept < v->keep)
            kept++;
        else
            r = remove_version(v, all[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int set_current(const struct versions *v, unsigned number)
{
    char link[PATH_MAX], target[PATH_MAX];
    int r = path_format(link, "%s/%s", v->base, v->link);

    if (r == 0)
        r = path_format(target, "%s/%u", v->folder, number);
    return r < 0 ? r : link_replace(link, target);
}

static int write_files(const char *folder, const struct version_file *files, size_t n)
{
    char path[PATH_MAX];
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        r = path_format(path, "%s/%s", folder, files[i].name);
        if (r == 0)
            r = file_write(path, files[i].content, &files[i].access);
    }
    return r;
}

static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    return r;
}

/* Of versions newer than the one in force none ever was: they were cut off before that. */
static int remove_newer(const struct versions *v, unsigned current)
{
    unsigned all[LIST_MAX];
    size_t n = versions_list(v, all, LIST_MAX);
    int r = 0;

    for (size_t i = 0; r == 0 && i < n && all[i] > current; i++)
        r = remove_version(v, all[i]);
    return r;
}

int versions_put(const struct versions *v, const struct version_file *files, size_t n)
{
    char parent[PATH_MAX], fresh[PATH_MAX], path[PATH_MAX];
    unsigned number = 0, newest = 0;
    int r = path_format(parent, "%s/%s", v->base, v->folder);

    if (r == 0)
        r = path_format(fresh, "%s/" NEW_NAME, parent);
    if (r == 0)
        r = dir_make(parent, &v->access);
    if (r == 0)
        r = dir_remove(fresh);
    if (r == 0 && versions_current(v, &number) == 0)
        r = remove_newer(v, number);
    if (r < 0)
        return r;
    number = versions_list(v, &newest, 1) > 0 ? newest + 1 : 1;
    r = dir_make(fresh, &v->access);
    if (r == 0)
        r = write_files(fresh, files, n);
    if (r == 0)
        r = versions_path(v, number, path);
    if (r == 0 && rename(fresh, path) < 0)
        r = -errno;
    if (r == 0)
        r = sync_folder(parent);
    if (r == 0)
        r = set_current(v, number);
    if (r == 0)
        (void) prune(v, number); /* it is in force; what is left over goes the next time */
    else
        dir_remove(fresh);
    return r;
}
