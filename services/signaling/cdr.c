#include "signaling/cdr.h"

#include "base/clock.h"
#include "base/log.h"
#include "signaling/cdr_prune.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATTERN "CDR.0000-00-00_00-00-00.log" /* 0: a digit */
#define FILE_MODE 0640

/* ---- places ---- */

bool cdr_is_file_name(const char *name)
{
    const char *p = PATTERN;

    for (; *p && *name; p++, name++) {
        if (*p == '0' ? !isdigit((unsigned char) *name) : *p != *name)
            return false;
    }
    return *p == *name;
}

static int path_of(const struct cdr *c, const char *file, char ret[static PATH_MAX])
{
    int n = snprintf(ret, PATH_MAX, "%s/%s", c->folder, file);

    return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* 0 when it is not there. */
static uint64_t size_of(const struct cdr *c, const char *file)
{
    char path[PATH_MAX];
    struct stat st;

    return path_of(c, file, path) == 0 && stat(path, &st) == 0 ? (uint64_t) st.st_size : 0;
}

static int day_of(const struct tm *tm)
{
    return tm->tm_year * 366 + tm->tm_yday;
}

/* A file of the name of this second may be there already, from the life before. */
static void begin_file(struct cdr *c, const struct tm *tm)
{
    char file[CDR_FILE_SIZE];
    uint64_t size;
    unsigned n_old = cdr_prune(c->folder, clock_wall_ms(), CDR_KEEP_BYTES);

    if (n_old)
        log_info("CDR: %u old files are removed", n_old);
    (void) strftime(file, sizeof(file), "CDR.%Y-%m-%d_%H-%M-%S.log", tm);
    c->day = day_of(tm);
    size = size_of(c, file);
    if (strcmp(file, c->next.file) != 0 || size > c->next.offset)
        c->next.offset = size;
    memcpy(c->next.file, file, sizeof(file));
}

void cdr_next(struct cdr *c, size_t len, struct cdr_place *ret_place)
{
    time_t now = (time_t) (clock_wall_ms() / 1000);
    struct tm tm;

    localtime_r(&now, &tm);
    if (c->day != day_of(&tm) || c->next.offset > CDR_FILE_BYTES)
        begin_file(c, &tm);
    *ret_place = c->next;
    c->next.offset += len;
}

void cdr_reserve(struct cdr *c, const struct cdr_place *place, size_t len)
{
    uint64_t end = place->offset + len;
    int order = strcmp(place->file, c->next.file);

    /* begin_file() takes the newest of them over, should it have the same name. */
    if (order > 0 || (order == 0 && end > c->next.offset)) {
        c->next = *place;
        c->next.offset = end;
    }
}

void cdr_restart(struct cdr *c)
{
    c->next.offset = size_of(c, c->next.file);
}

/* ---- files ---- */

void cdr_close(struct cdr *c)
{
    if (*c->opened)
        close(c->fd);
    *c->opened = '\0';
}

/* Whether the file is gone, or all of its folder, for a while. */
static int error_of_open(const struct cdr *c, int error, uint64_t offset)
{
    return error == ENOENT && offset > 0 && access(c->folder, F_OK) == 0 ? -ESTALE : -error;
}

/* Only the first line makes the file. */
static int open_file(struct cdr *c, const struct cdr_place *place)
{
    char path[PATH_MAX];
    struct stat st;
    int error;

    cdr_close(c);
    error = path_of(c, place->file, path);
    if (error)
        return error;
    c->fd =
        open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (place->offset == 0 ? O_CREAT : 0), FILE_MODE);
    if (c->fd < 0)
        return error_of_open(c, errno, place->offset);
    if (fstat(c->fd, &st) < 0) {
        error = -errno;
        close(c->fd);
        return error;
    }
    c->size = (uint64_t) st.st_size;
    memcpy(c->opened, place->file, sizeof(c->opened));
    return 0;
}

/* Nothing, or what we have written there ourselves, perhaps in an earlier life? */
static bool is_ours(const struct cdr *c, uint64_t at, struct bytes line)
{
    uint64_t there = c->size - at;
    size_t len = there < line.len ? (size_t) there : line.len, n = 0;
    uint8_t bytes[512];

    while (n < len) {
        size_t part = len - n < sizeof(bytes) ? len - n : sizeof(bytes);

        if (pread(c->fd, bytes, part, (off_t) (at + n)) != (ssize_t) part ||
            memcmp(bytes, line.p + n, part) != 0)
            return false;
        n += part;
    }
    return true;
}

int cdr_write(struct cdr *c, const struct cdr_place *place, struct bytes line)
{
    uint64_t at = place->offset, end = at + line.len;
    int error = strcmp(c->opened, place->file) == 0 ? 0 : open_file(c, place);

    if (error)
        return error;
    if (at > c->size || !is_ours(c, at, line))
        return -ESTALE;
    while (at < end) {
        ssize_t n = pwrite(c->fd, line.p + (at - place->offset), (size_t) (end - at), (off_t) at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        at += (uint64_t) n;
        if (at > c->size)
            c->size = at;
    }
    return 0;
}

/* ---- the folder ---- */

int cdr_set_folder(struct cdr *c, const char *folder)
{
    char *copy;

    if (c->folder && strcmp(c->folder, folder) == 0)
        return 0;
    copy = strdup(folder);
    if (!copy)
        return -ENOMEM;
    cdr_close(c);
    free(c->folder);
    c->folder = copy;
    if (*c->next.file)
        cdr_restart(c);
    return 0;
}

void cdr_done(struct cdr *c)
{
    cdr_close(c);
    free(c->folder);
    *c = (struct cdr){.folder = NULL};
}
