#include "apply/manager_lock.h"

#include "files/files.h"
#include "host/paths.h"

int manager_lock(void (*on_wait)(void *arg), void *arg, int *ret_fd)
{
    char path[PATH_MAX];
    int r = dir_make(path_of(PATH_STATE), NULL), fd;

    if (r < 0)
        return r;
    fd = file_lock(path_join(path, PATH_STATE, ".apply.lock"), MANAGER_LOCK_LIMIT_S * 1000, on_wait,
                   arg);
    if (fd < 0)
        return fd;
    *ret_fd = fd;
    return 0;
}
