#include "files/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The folder of path: "." or "/" where there is none in it. */
static int parent_of(const char *path, char ret[static PATH_MAX])
{
    size_t len = strlen(path);

    if (len == 0 || len >= PATH_MAX)
        return len ? -ENAMETOOLONG : -ENOENT;
    memcpy(ret, path, len + 1);
    while (len > 1 && ret[len - 1] == '/')
        ret[--len] = '\0';
    while (len > 0 && ret[len - 1] != '/')
        len--;
    while (len > 1 && ret[len - 1] == '/')
        len--;
    if (len == 0)
        ret[len++] = '.';
    ret[len] = '\0';
    return 0;
}

/* A rename lasts only when its folder has been written as well. */
static int sync_parent(const char *path)
{
    char parent[PATH_MAX];
    int r = parent_of(path, parent);
    int fd = r < 0 ? -1 : open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (r < 0)
        return r;
    if (fd < 0 || fsync(fd) < 0)
        r = -errno;
    if (fd >= 0)
        close(fd);
    return r;
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

static int set_access(int fd, const struct file_access *access)
{
    if ((access->uid != FILE_KEEP_OWNER || access->gid != (gid_t) FILE_KEEP_OWNER) &&
        fchown(fd, access->uid, access->gid) < 0)
        return -errno;
    return fchmod(fd, access->mode) < 0 ? -errno : 0;
}

int file_write(const char *path, struct bytes content, const struct file_access *access)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    int fd, r;

    if (n < 0 || (size_t) n >= sizeof(temporary))
        return -ENAMETOOLONG;
    fd = mkostemp(temporary, O_CLOEXEC); /* 0600 until it is complete */
    if (fd < 0)
        return -errno;
    r = write_all(fd, content);
    if (r == 0)
        r = set_access(fd, access);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(temporary, path) < 0)
        r = -errno;
    if (r < 0)
        unlink(temporary);
    return r < 0 ? r : sync_parent(path);
}

static int read_all(int fd, size_t max, char **ret_content, size_t *ret_len)
{
    size_t len = 0, cap = 4096;
    char *content = malloc(cap + 1);

    while (content) {
        ssize_t n = read(fd, content + len, cap - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || len + (size_t) n > max) {
            int r = n < 0 ? -errno : -EFBIG;

            free(content);
            return r;
        }
        if (n == 0)
            break;
        len += (size_t) n;
        if (len == cap) {
            char *more = realloc(content, cap * 2 + 1);

            if (!more) {
                free(content);
                return -ENOMEM;
            }
            content = more;
            cap *= 2;
        }
    }
    if (!content)
        return -ENOMEM;
    content[len] = '\0';
    *ret_content = content;
    *ret_len = len;
    return 0;
}

int file_read(const char *path, size_t max, char **ret_content, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    int r = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        r = -errno;
    else if (S_ISDIR(st.st_mode))
        r = -EISDIR;
    else if (!S_ISREG(st.st_mode))
        r = -EINVAL;
    else if (st.st_size > 0 && (uint64_t) st.st_size > max)
        r = -EFBIG;
    else
        r = read_all(fd, max, ret_content, ret_len); /* files of /proc have no size */
    close(fd);
    return r;
}

/* A link of another user's might lead anywhere by now; one of our own, or of root, is meant. */
static int open_folder(const char *path)
{
    static const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    struct stat st;
    int fd = open(path, flags | O_NOFOLLOW);

    if (fd < 0 && lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
        if (st.st_uid != 0 && st.st_uid != geteuid())
            return -ELOOP;
        fd = open(path, flags);
    }
    return fd < 0 ? -errno : fd;
}

int dir_make(const char *path, const struct file_access *access)
{
    static const struct file_access ordinary = {0755, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    char parent[PATH_MAX];
    int fd, r;

    if (mkdir(path, 0700) < 0) {
        if (errno == ENOENT) {
            r = parent_of(path, parent);
            if (r == 0)
                r = dir_make(parent, NULL);
            if (r == 0 && mkdir(path, 0700) < 0 && errno != EEXIST)
                r = -errno;
            if (r < 0)
                return r;
        } else if (errno != EEXIST) {
            return -errno;
        } else if (!access) {
            return 0; /* as it is */
        }
    }
    fd = open_folder(path);
    if (fd < 0)
        return fd;
    r = set_access(fd, access ? access : &ordinary);
    close(fd);
    return r < 0 ? r : sync_parent(path);
}

static int remove_at(int dir, const char *name);

static int remove_content(int fd)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;
    int r = 0;

    if (!d) {
        r = -errno;
        close(fd);
        return r;
    }
    while (r == 0 && (e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            r = remove_at(dirfd(d), e->d_name);
    closedir(d);
    return r;
}

static int remove_at(int dir, const char *name)
{
    int fd, r;

    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = remove_content(fd);
    if (r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
        r = -errno;
    return r;
}

int dir_remove(const char *path)
{
    return remove_at(AT_FDCWD, path);
}

int link_replace(const char *path, const char *target)
{
    char temporary[PATH_MAX];
    struct stat st;
    int n = snprintf(temporary, sizeof(temporary), "%s.new", path);

    if (n < 0 || (size_t) n >= sizeof(temporary))
        return -ENAMETOOLONG;
    if (lstat(path, &st) == 0 && !S_ISLNK(st.st_mode))
        return -EEXIST;
    if ((unlink(temporary) < 0 && errno != ENOENT) || symlink(target, temporary) < 0)
        return -errno;
    if (rename(temporary, path) < 0) {
        int r = -errno;

        unlink(temporary);
        return r;
    }
    return sync_parent(path);
}

bool file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

/* There is no flock() with a limit. */
#define LOCK_STEP_MS 50

static int wait_for_lock(int fd, unsigned wait_ms, void (*on_wait)(void *arg), void *arg)
{
    static const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};

    for (uint64_t waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited_ms += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        if (waited_ms >= wait_ms)
            return -EBUSY;
        if (waited_ms == 0 && on_wait)
            on_wait(arg);
        nanosleep(&step, NULL);
    }
    return 0;
}

int file_lock(const char *path, unsigned wait_ms, void (*on_wait)(void *arg), void *arg)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : wait_for_lock(fd, wait_ms, on_wait, arg);

    if (r == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return r;
}

int path_format(char path[static PATH_MAX], const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(path, PATH_MAX, fmt, args);
    va_end(args);
    return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}
