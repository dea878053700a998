#include "signaling/cdr_prune.h"

#include "signaling/cdr.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS 86400000ull

static int is_cdr(const struct dirent *d)
{
    return cdr_is_file_name(d->d_name);
}

/* Newest first: their names have the time. */
static int newest_first(const struct dirent **a, const struct dirent **b)
{
    return alphasort(b, a);
}

unsigned cdr_prune(const char *folder, uint64_t now_ms, uint64_t keep_bytes)
{
    struct dirent **found;
    int n = scandir(folder, &found, is_cdr, newest_first);
    uint64_t bytes = 0;
    unsigned removed = 0;

    if (n < 0)
        return 0;
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX];
        struct stat st;
        bool known = snprintf(path, sizeof(path), "%s/%s", folder, found[i]->d_name) < PATH_MAX &&
                     stat(path, &st) == 0;

        free(found[i]);
        if (!known)
            continue;
        bytes += (uint64_t) st.st_size;
        if (i > 0 &&
            (bytes > keep_bytes || (uint64_t) st.st_mtime * 1000 + CDR_KEEP_DAYS * DAY_MS < now_ms))
            removed += unlink(path) == 0;
    }
    free(found);
    return removed;
}
