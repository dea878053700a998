#include "host/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const shares[] = {"../share/visavis", "../share", NULL};

/* Tries each folder, relative to the one that holds the running program. */
static int find(const char *const *folders, const char *name, int access_mode, char *ret_path)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (n < 0)
        return -errno;
    self[n] = '\0';
    slash = strrchr(self, '/');
    if (!slash)
        return -ENOENT;
    *slash = '\0';
    for (; *folders; folders++) {
        char path[PATH_MAX];
        int len = snprintf(path, sizeof(path), "%s/%s/%s", self, *folders, name);

        if (len < 0 || (size_t) len >= sizeof(path) || access(path, access_mode) < 0)
            continue;
        memcpy(ret_path, path, (size_t) len + 1);
        return 0;
    }
    return -ENOENT;
}

int program_find(const char *name, char ret_path[static PATH_MAX])
{
    static const char *const folders[] = {".", "../lib/visavis", NULL};

    return find(folders, name, X_OK, ret_path);
}

int program_find_pages(const char *name, char ret_path[static PATH_MAX])
{
    return find(shares, name, R_OK | X_OK, ret_path);
}
