#include "acme/webroot.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHALLENGES "/.well-known/acme-challenge"

/* The alphabet of base64url (RFC 8555 section 8.3): no dots, no slashes. */
static bool is_token(const char *token)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_";

    return *token && strlen(token) <= ACME_TOKEN_MAX && token[strspn(token, alphabet)] == '\0';
}

/* -EINVAL, -ENAMETOOLONG. */
static int path_of(const char *folder, const char *token, char path[static PATH_MAX])
{
    int n;

    if (!is_token(token))
        return -EINVAL;
    n = snprintf(path, PATH_MAX, "%s" CHALLENGES "/%s", folder, token);
    return n > 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* A folder that is there is somebody's, and stays as it is. A new one is open to those who may read
 * the proofs. */
static int make_folder(const char *path, const struct file_access *access)
{
    struct file_access a = *access;

    if (file_exists(path))
        return 0;
    a.mode |= S_IRWXU | (a.mode & (S_IRGRP | S_IROTH)) >> 2;
    return dir_make(path, &a);
}

int webroot_put(const char *folder, const struct acme_proof *proof,
                const struct file_access *access)
{
    static const char *const below[] = {"", "/.well-known", CHALLENGES};
    char path[PATH_MAX];
    int r = path_of(folder, proof->token, path);

    for (size_t i = 0; r == 0 && i < sizeof(below) / sizeof(below[0]); i++) {
        char place[PATH_MAX];

        /* Fits: path is longer. */
        (void) snprintf(place, sizeof(place), "%s%s", folder, below[i]);
        r = make_folder(place, access);
    }
    return r < 0 ? r : file_write(path, bytes_str(proof->key_authorization), access);
}

void webroot_remove(const char *folder, const struct acme_proof *proof)
{
    char path[PATH_MAX];

    if (path_of(folder, proof->token, path) == 0)
        (void) unlink(path);
}

void webroot_clear(const char *folder)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s" CHALLENGES, folder);
    DIR *dir = n > 0 && n < PATH_MAX ? opendir(path) : NULL;
    struct dirent *e;

    while (dir && (e = readdir(dir)))
        if (e->d_name[0] != '.')
            (void) unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
}
