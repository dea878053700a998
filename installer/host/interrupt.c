#include "host/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

int interrupt_fd(void)
{
    static int fd = -1;
    sigset_t set;

    if (fd >= 0)
        return fd;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

bool interrupt_sleep(unsigned seconds)
{
    struct pollfd p = {.fd = interrupt_fd(), .events = POLLIN};

    return poll(&p, 1, (int) seconds * 1000) != 0;
}
