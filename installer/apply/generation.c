#include "apply/generation.h"

#include "base/crypto.h"
#include "host/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1 << 20)
#define NUMBERS_MAX 256
#define UNFINISHED ".new-" /* what a folder's name starts with while it is written */

/* The daemons have to pass through, each to its own file. */
static const struct file_access folder_access = {0755, FILE_KEEP_OWNER, FILE_KEEP_OWNER};

static bool parse_number(const char *name, unsigned *ret_n)
{
    uint64_t n;

    if (*name == '0' || bytes_to_u64(bytes_str(name), UINT32_MAX - 1, &n) < 0)
        return false;
    *ret_n = (unsigned) n;
    return true;
}

static int read_link(const char *link, unsigned *ret_n)
{
    char target[PATH_MAX];
    ssize_t n = readlink(link, target, sizeof(target) - 1);

    if (n < 0)
        return -errno;
    target[n] = '\0';
    return parse_number(target, ret_n) ? 0 : -EBADMSG;
}

static int write_link(const char *link, unsigned n)
{
    char target[16];
    unsigned now = 0;

    if (read_link(link, &now) == 0 && now == n)
        return 0;
    snprintf(target, sizeof(target), "%u", n);
    return link_replace(link, target);
}

int generation_current(unsigned *ret_n)
{
    return read_link(path_of(PATH_CURRENT), ret_n);
}

int generation_activate(unsigned n)
{
    return write_link(path_of(PATH_CURRENT), n);
}

int generation_applied(unsigned *ret_n)
{
    char link[PATH_MAX];

    return read_link(path_join(link, PATH_CONF, "applied"), ret_n);
}

int generation_set_applied(unsigned n)
{
    char link[PATH_MAX];

    return write_link(path_join(link, PATH_CONF, "applied"), n);
}

const char *generation_path(char buf[static PATH_MAX], unsigned n)
{
    char name[16];

    snprintf(name, sizeof(name), "%u", n);
    return path_join(buf, PATH_CONF, name);
}

/* NULL when there are too many characters. */
static const char *join(char buf[static PATH_MAX], const char *folder, const char *name)
{
    int n = snprintf(buf, PATH_MAX, "%s/%s", folder, name);

    return n < 0 || n >= PATH_MAX ? NULL : buf;
}

int generation_read(unsigned n, const char *name, char **ret_content, size_t *ret_len)
{
    char folder[PATH_MAX], path[PATH_MAX];

    if (!join(path, generation_path(folder, n), name))
        return -ENAMETOOLONG;
    return file_read(path, FILE_MAX, ret_content, ret_len);
}

/* ---- comparing ---- */

static bool same_access(const char *path, const struct file_access *a)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 07777) == a->mode &&
           (a->uid == FILE_KEEP_OWNER || a->uid == st.st_uid) &&
           (a->gid == (gid_t) FILE_KEEP_OWNER || a->gid == st.st_gid);
}

static bool same_file(const char *folder, const struct generation_file *f)
{
    char path[PATH_MAX], *content = NULL;
    size_t len = 0;
    bool same;

    if (!join(path, folder, f->name) || !same_access(path, &f->access) ||
        file_read(path, FILE_MAX, &content, &len) < 0)
        return false;
    same = bytes_eq(bytes_of(content, len), f->content);
    secret_wipe(content, len);
    free(content);
    return same;
}

static size_t count_files(const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    size_t n = 0;

    while (d && (e = readdir(d)))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (d)
        closedir(d);
    return n;
}

bool generation_is(unsigned n, const struct generation_file *files, size_t n_files)
{
    char folder[PATH_MAX];

    generation_path(folder, n);
    for (size_t i = 0; i < n_files; i++)
        if (!same_file(folder, &files[i]))
            return false;
    return count_files(folder) == n_files;
}

/* ---- the numbers there are ---- */

static int compare_falling(const void *a, const void *b)
{
    unsigned x = *(const unsigned *) a, y = *(const unsigned *) b;

    return (x < y) - (x > y);
}

/* Falling. Beyond the maximum the rest is left out: it is pruned next time. */
static size_t list_numbers(unsigned ret[static NUMBERS_MAX])
{
    DIR *d = opendir(path_of(PATH_CONF));
    struct dirent *e;
    size_t n = 0;

    while (d && n < NUMBERS_MAX && (e = readdir(d)))
        n += parse_number(e->d_name, &ret[n]);
    if (d)
        closedir(d);
    qsort(ret, n, sizeof(*ret), compare_falling);
    return n;
}

/* A link to a folder that somebody removed counts too. */
static unsigned next_number(void)
{
    unsigned numbers[NUMBERS_MAX], current = 0;
    size_t n = list_numbers(numbers);
    unsigned last = n > 0 ? numbers[0] : 0;

    if (generation_current(&current) == 0 && current > last)
        last = current;
    return last + 1;
}

/* ---- writing ---- */

static int write_files(const char *folder, const struct generation_file *files, size_t n_files)
{
    for (size_t i = 0; i < n_files; i++) {
        char path[PATH_MAX];
        int r;

        if (strchr(files[i].name, '/') || !join(path, folder, files[i].name))
            return -EINVAL;
        r = file_write(path, files[i].content, &files[i].access);
        if (r < 0)
            return r;
    }
    return 0;
}

int generation_write(const struct generation_file *files, size_t n_files, unsigned *ret_n)
{
    char unfinished[PATH_MAX], folder[PATH_MAX], name[32];
    unsigned n;
    int r = dir_make(path_of(PATH_CONF), &folder_access);

    if (r < 0)
        return r;
    n = next_number();
    snprintf(name, sizeof(name), UNFINISHED "%u", n);
    path_join(unfinished, PATH_CONF, name);
    r = dir_remove(unfinished);
    if (r == 0)
        r = dir_make(unfinished, &folder_access);
    if (r == 0)
        r = write_files(unfinished, files, n_files);
    if (r == 0 && rename(unfinished, generation_path(folder, n)) < 0)
        r = -errno;
    if (r < 0)
        (void) dir_remove(unfinished);
    else
        *ret_n = n;
    return r;
}

int generation_discard(unsigned n)
{
    char folder[PATH_MAX];
    unsigned used = 0;

    if ((generation_current(&used) == 0 && used == n) ||
        (generation_applied(&used) == 0 && used == n))
        return -EBUSY;
    return dir_remove(generation_path(folder, n));
}

static int remove_unfinished(void)
{
    DIR *d = opendir(path_of(PATH_CONF));
    struct dirent *e;
    int r = 0;

    while (d && r == 0 && (e = readdir(d))) {
        char path[PATH_MAX];

        if (strncmp(e->d_name, UNFINISHED, strlen(UNFINISHED)) == 0)
            r = dir_remove(path_join(path, PATH_CONF, e->d_name));
    }
    if (d)
        closedir(d);
    return r;
}

int generation_prune(void)
{
    unsigned numbers[NUMBERS_MAX];
    size_t n = list_numbers(numbers);
    int r = remove_unfinished();

    for (size_t i = GENERATIONS_KEPT; r == 0 && i < n; i++) {
        r = generation_discard(numbers[i]);
        if (r == -EBUSY)
            r = 0;
    }
    return r;
}
