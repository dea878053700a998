#include "listeners.h"

#include "app.h"
#include "base/log.h"
#include "notify/notify.h"
#include "web/web.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

static int listen_unix(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd, error;

    if (strlen(path) >= sizeof(sun.sun_path))
        return -ENAMETOOLONG;
    memcpy(sun.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    unlink(path);
    if (bind(fd, (struct sockaddr *) &sun, sizeof(sun)) < 0 || chmod(path, 0660) < 0 ||
        listen(fd, BACKLOG) < 0) {
        error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

/* "IP:PORT", "[IPv6]:PORT" */
static int listen_tcp(const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t) (colon - text) : 0;
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    struct addr a;
    uint64_t port;
    char ip[64];

    if (bracketed) {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(ip) || bytes_to_u64(bytes_str(colon + 1), 65535, &port) < 0)
        return -EINVAL;
    memcpy(ip, text, len);
    ip[len] = '\0';
    if (addr_parse_ip(ip, (uint16_t) port, &a) < 0)
        return -EINVAL;
    return web_listen_tcp(&a);
}

/* Port 0 is for those who read the log. */
static void log_listener(const char *text, int fd)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    char buf[ADDR_TEXT_SIZE];
    struct addr a;

    if (getsockname(fd, (struct sockaddr *) &ss, &len) == 0 &&
        addr_from_sockaddr((struct sockaddr *) &ss, len, &a) == 0)
        log_info("listening on tcp:%s", addr_format(&a, buf));
    else
        log_info("listening on %s", text);
}

static int listen_on(struct app *app, const char *text)
{
    bool is_unix = strncmp(text, "unix:", 5) == 0;
    int fd = -EINVAL;

    if (is_unix)
        fd = listen_unix(text + 5);
    else if (strncmp(text, "tcp:", 4) == 0)
        fd = listen_tcp(text + 4);
    if (fd < 0)
        return fd;
    log_listener(text, fd);
    return web_add_listener(app->web, fd, is_unix);
}

int listeners_open(struct app *app)
{
    int fds[8];
    int n = notify_listen_fds("signaling", fds, 8);
    int error;

    for (int i = 0; i < n && i < 8; i++) {
        error = web_add_listener(app->web, fds[i], true);
        if (error)
            return error;
    }
    for (size_t i = 0; n == 0 && i < app->config.listen.n; i++) {
        error = listen_on(app, app->config.listen.items[i]);
        if (error) {
            log_error("cannot listen on %s: %s", app->config.listen.items[i], strerror(-error));
            return error;
        }
    }
    return 0;
}
