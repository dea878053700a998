#include "notify/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>

void notify_ready(void)
{
    (void) sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                      (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000);
}

void notify_stopping(void)
{
    (void) sd_notify(0, "STOPPING=1");
}

void notify_status(const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    /* A second line would be another assignment. */
    text[strcspn(text, "\n")] = '\0';
    (void) sd_notifyf(0, "STATUS=%s", text);
}

/* Those of systemd come as its units say, blocking by default. */
static int take_listener(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
        return -ENOTSOCK;
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int notify_listen_fds(const char *name, int *ret_fds, size_t max)
{
    char **names = NULL;
    int n = sd_listen_fds_with_names(0, &names);
    size_t n_found = 0;
    int r = 0;

    for (int i = 0; i < n; i++) {
        if (r == 0 && strcmp(names[i], name) == 0 && n_found < max) {
            r = take_listener(SD_LISTEN_FDS_START + i);
            ret_fds[n_found++] = SD_LISTEN_FDS_START + i;
        }
        free(names[i]);
    }
    free(names);
    return r < 0 ? r : (int) n_found;
}
