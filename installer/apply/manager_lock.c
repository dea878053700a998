#include "apply/manager_lock.h"

#include "files/files.h"
#include "host/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 100

int manager_lock(void (*on_wait)(void *arg), void *arg, int *ret_fd)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    char path[PATH_MAX];
    int r = dir_make(path_of(PATH_STATE), NULL);
    int fd;

    if (r < 0)
        return r;
    fd = open(path_join(path, PATH_STATE, ".apply.lock"), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
              0600);
    if (fd < 0)
        return -errno;
    for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited_ms += STEP_MS) {
        r = errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
        if (r == 0 && waited_ms >= MANAGER_LOCK_LIMIT_S * 1000)
            r = -EBUSY;
        if (r < 0) {
            close(fd);
            return r;
        }
        if (waited_ms == 0 && on_wait)
            on_wait(arg);
        nanosleep(&step, NULL);
    }
    *ret_fd = fd;
    return 0;
}
