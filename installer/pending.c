#include "installer/pending.h"

#include "files/files.h"
#include "installer/paths.h"

#include <errno.h>
#include <unistd.h>

static const char *mark(char buf[static PATH_MAX])
{
    return path_join(buf, PATH_CONF, "nginx-pending");
}

int pending_set(void)
{
    static const struct file_access access = {0600, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    char path[PATH_MAX];

    return file_exists(mark(path)) ? 0 : file_write(path, bytes_str(""), &access);
}

bool pending_is(void)
{
    char path[PATH_MAX];

    return file_exists(mark(path));
}

int pending_clear(void)
{
    char path[PATH_MAX];

    return unlink(mark(path)) < 0 && errno != ENOENT ? -errno : 0;
}
