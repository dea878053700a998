#include "units/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

static int listen_on(int fd, const struct sockaddr *sa, socklen_t len)
{
    int r = bind(fd, sa, len) < 0 || listen(fd, BACKLOG) < 0 ? -errno : 0;

    if (r == 0)
        return fd;
    close(fd);
    return r;
}

int socket_listen_tcp(const struct addr *a)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(a, &sa);
    int fd = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (a->family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    return listen_on(fd, (struct sockaddr *) &sa, len);
}

int socket_listen_unix(const char *path, gid_t gid)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    struct stat st;
    mode_t before;
    int fd;

    if (len == 0 || len >= sizeof(sa.sun_path))
        return -ENAMETOOLONG;
    memcpy(sa.sun_path, path, len + 1);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    before = umask(0177); /* nobody comes in before it has its group */
    fd = listen_on(fd, (struct sockaddr *) &sa, sizeof(sa));
    umask(before);
    if (fd >= 0 && (chown(path, (uid_t) -1, gid) < 0 || chmod(path, 0660) < 0)) {
        int r = -errno;

        close(fd);
        return r;
    }
    return fd;
}
