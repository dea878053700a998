#include "web/web_listen.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

int web_parse_address(const char *text, struct addr *ret)
{
    const char *colon = strrchr(text, ':');
    char ip[ADDR_TEXT_SIZE];
    uint64_t port;
    size_t len;

    if (!colon || bytes_to_u64(bytes_str(colon + 1), 65535, &port) < 0)
        return -EINVAL;
    len = (size_t) (colon - text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len)) {
        return -EINVAL; /* an IPv6 address needs its brackets */
    }
    if (len >= sizeof(ip))
        return -EINVAL;
    memcpy(ip, text, len);
    ip[len] = '\0';
    return addr_parse_ip(ip, (uint16_t) port, ret) < 0 ? -EINVAL : 0;
}

static int listen_unix(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    struct stat st;
    int fd, r = 0;

    if (len == 0 || len >= sizeof(sa.sun_path))
        return -ENAMETOOLONG;
    memcpy(sa.sun_path, path, len + 1);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || chmod(path, 0660) < 0 ||
        listen(fd, BACKLOG) < 0)
        r = -errno;
    if (r < 0)
        close(fd);
    return r < 0 ? r : fd;
}

int web_listen(struct web *w, const char *text)
{
    struct bytes b = bytes_str(text);
    bool is_unix = bytes_starts_with(b, "unix:");
    struct addr a;
    int fd, r;

    if (is_unix) {
        fd = listen_unix(text + strlen("unix:"));
    } else {
        if (!bytes_starts_with(b, "tcp:") || web_parse_address(text + strlen("tcp:"), &a) < 0)
            return -EINVAL;
        fd = web_listen_tcp(&a);
    }
    if (fd < 0)
        return fd;
    r = web_add_listener(w, fd, is_unix);
    if (r < 0)
        close(fd);
    return r;
}
