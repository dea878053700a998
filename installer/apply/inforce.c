#include "apply/inforce.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "files/files.h"
#include "host/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINK_MAX_LEN 255
#define DECIDED_MAX 4096

int inforce_settings(struct settings **ret)
{
    char path[PATH_MAX];
    char *text = NULL;
    size_t len;
    int r =
        file_read(path_join(path, PATH_CURRENT, "settings.env"), SETTINGS_WRITE_MAX, &text, &len);

    if (r < 0)
        return r;
    r = settings_read(bytes_of(text, len), ret);
    secret_wipe(text, len);
    free(text);
    return r;
}

int inforce_decided(struct decided *ret)
{
    char path[PATH_MAX];
    char *text = NULL;
    size_t len;
    int r = file_read(path_join(path, PATH_CURRENT, "decided.env"), DECIDED_MAX, &text, &len);

    if (r < 0)
        return r;
    r = decided_parse(bytes_of(text, len), ret);
    free(text);
    return r;
}

/* `current` is a link to the folder that the number names. */
int inforce_look(struct inforce *ret)
{
    char target[LINK_MAX_LEN + 1];
    const char *current = path_of(PATH_CURRENT), *name;
    ssize_t len = readlink(current, target, LINK_MAX_LEN);
    struct stat st;
    uint64_t n;

    if (len < 0 || lstat(current, &st) < 0)
        return -errno;
    target[len] = 0;
    name = strrchr(target, '/');
    name = name ? name + 1 : target;
    if (bytes_to_u64(bytes_str(name), UINT32_MAX, &n) < 0)
        return -EBADMSG;
    ret->generation = (unsigned) n;
    ret->applied_us = (uint64_t) st.st_mtim.tv_sec * 1000000 + (uint64_t) st.st_mtim.tv_nsec / 1000;
    return 0;
}
