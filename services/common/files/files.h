/* files.h: whole files and folders. What is written appears complete or not at all, and survives a
 * power cut once the call has returned: temporary file, fsync, rename, fsync of the folder. */
#pragma once

#include "base/bytes.h"

#include <limits.h>
#include <stdio.h>
#include <sys/types.h>

/* Who may read a file. FILE_KEEP_OWNER leaves uid or gid to the process. */
#define FILE_KEEP_OWNER ((uid_t) -1)

struct file_access {
    mode_t mode; /* exactly; the umask does not count */
    uid_t uid;
    gid_t gid;
};

/* Replaces path, whatever it was (a symbolic link itself, not what it points to). */
int file_write(const char *path, struct bytes content, const struct file_access *access);

/* Reads a regular file of at most max bytes; a NUL follows the content. free() it, wipe it before
 * if it holds secrets. -EFBIG, -ENOENT, -EISDIR, ... */
int file_read(const char *path, size_t max, char **ret_content, size_t *ret_len);

/* Makes the folder and those above it that are missing. The last one gets access, also if it was
 * there; those above 0755. access NULL: 0755, owner as it comes. */
int dir_make(const char *path, const struct file_access *access);

/* Removes path with everything below, links not followed. 0 if it was not there. */
int dir_remove(const char *path);

/* Lets path be a symbolic link to target, replacing a link that was there atomically. -EEXIST: path
 * is something else than a link. */
int link_replace(const char *path, const char *target);

/* A path by a printf format. -ENAMETOOLONG. */
int path_format(char path[static PATH_MAX], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

bool file_exists(const char *path);

/* Opens path, made 0600 if need be, and takes its lock (flock); on_wait (may be NULL) is told once
 * when another process has it. The descriptor, which is to be closed, or -EBUSY after wait_ms, ...
 */
int file_lock(const char *path, unsigned wait_ms, void (*on_wait)(void *arg), void *arg);
