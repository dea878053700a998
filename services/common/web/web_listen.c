#include "web/web_listen.h"

#include "notify/notify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512
#define INHERITED_MAX 16

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

/* "tcp:IP:PORT" */
static int parse_tcp(const char *text, struct addr *ret)
{
    return bytes_starts_with(bytes_str(text), "tcp:") ? addr_parse(text + strlen("tcp:"), ret)
                                                      : -EBADMSG;
}

static const char *unix_path(const char *text)
{
    return bytes_starts_with(bytes_str(text), "unix:") ? text + strlen("unix:") : NULL;
}

bool web_listen_check(const char *text, char *why, size_t why_size)
{
    const char *path = unix_path(text);
    struct addr a;

    snprintf(why, why_size,
             "must be like \"tcp:127.0.0.1:4443\", \"tcp:[::1]:4443\" or \"unix:/path\"");
    return path ? *path == '/' : parse_tcp(text, &a) == 0;
}

static void describe(const char *text, int fd, char ret[static WEB_LISTEN_TEXT_SIZE])
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    char buf[ADDR_TEXT_SIZE];
    struct addr a;

    if (getsockname(fd, (struct sockaddr *) &ss, &len) == 0 &&
        addr_from_sockaddr((struct sockaddr *) &ss, len, &a) == 0)
        snprintf(ret, WEB_LISTEN_TEXT_SIZE, "tcp:%s", addr_format(&a, buf));
    else
        snprintf(ret, WEB_LISTEN_TEXT_SIZE, "%s", text);
}

int web_listen(struct web *w, const char *text, char ret_bound[static WEB_LISTEN_TEXT_SIZE])
{
    const char *path = unix_path(text);
    struct addr a;
    int fd, r;

    if (path)
        fd = listen_unix(path);
    else
        fd = parse_tcp(text, &a) == 0 ? web_listen_tcp(&a) : -EINVAL;
    if (fd < 0)
        return fd;
    r = web_add_listener(w, fd, path != NULL);
    if (r < 0)
        close(fd);
    else
        describe(text, fd, ret_bound);
    return r;
}

bool web_listen_is_unix(const char *text)
{
    return unix_path(text) != NULL;
}

static bool is_unix(int fd)
{
    int domain = 0;
    socklen_t len = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

int web_listen_inherited(struct web *w, const char *name, bool trusted_proxy)
{
    int fds[INHERITED_MAX];
    int n = notify_listen_fds(name, fds, INHERITED_MAX);

    for (int i = 0; i < n; i++) {
        int r = trusted_proxy && !is_unix(fds[i]) ? -EPROTOTYPE
                                                  : web_add_listener(w, fds[i], trusted_proxy);

        if (r < 0)
            return r;
    }
    return n;
}
