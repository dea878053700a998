#include "apply/pending.h"

#include "files/files.h"
#include "host/paths.h"

#include <errno.h>
#include <unistd.h>

static const char *mark(enum pending what, char buf[static PATH_MAX])
{
    static const char *const names[N_PENDING] = {
        [PENDING_CONFIGURATION] = "nginx-pending",
        [PENDING_CERTIFICATE] = "certificate-pending",
    };

    return path_join(buf, PATH_CONF, names[what]);
}

int pending_set(enum pending what)
{
    static const struct file_access access = {0600, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    char path[PATH_MAX];

    return file_exists(mark(what, path)) ? 0 : file_write(path, bytes_str(""), &access);
}

bool pending_is(enum pending what)
{
    char path[PATH_MAX];

    return file_exists(mark(what, path));
}

int pending_clear(enum pending what)
{
    char path[PATH_MAX];

    return unlink(mark(what, path)) < 0 && errno != ENOENT ? -errno : 0;
}
