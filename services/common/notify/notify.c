#include "notify/notify.h"

#include <errno.h>
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

int notify_listen_fds(const char *name, int *ret_fds, size_t max)
{
    char **names = NULL;
    int n = sd_listen_fds_with_names(0, &names);
    size_t n_found = 0;

    for (int i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0 && n_found < max)
            ret_fds[n_found++] = SD_LISTEN_FDS_START + i;
        free(names[i]);
    }
    free(names);
    return (int) n_found;
}

int notify_listen_unix(const char *path)
{
    int n = sd_listen_fds(0);

    for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++)
        if (sd_is_socket_unix(fd, SOCK_STREAM, 1, path, 0) > 0)
            return fd;
    return -ENOENT;
}
