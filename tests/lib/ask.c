#include "tests/lib/ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 20000

static int fail(int fd)
{
    int r = -errno;

    if (fd >= 0)
        close(fd);
    return r;
}

static struct sockaddr_un unix_address(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    return sa;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int ask_listen_unix(const char *path)
{
    struct sockaddr_un sa = unix_address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || listen(fd, 64) < 0)
        return fail(fd);
    return fd;
}

int ask_listen_tcp(uint16_t *ret_port)
{
    struct sockaddr_in sa = loopback(0);
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *) &sa, &len) < 0)
        return fail(fd);
    *ret_port = ntohs(sa.sin_port);
    return fd;
}

int ask_connect_unix(const char *path)
{
    struct sockaddr_un sa = unix_address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 || connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ? fail(fd) : fd;
}

int ask_connect_tcp(uint16_t port)
{
    struct sockaddr_in sa = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 || connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ? fail(fd) : fd;
}

int ask_send(int fd, const char *method, const char *path, const char *headers, const char *body)
{
    char *text;
    int n = asprintf(&text,
                     "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: "
                     "%zu\r\n\r\n%s",
                     method, path, headers, body ? strlen(body) : 0, body ? body : "");
    ssize_t sent = n < 0 ? -1 : send(fd, text, (size_t) n, MSG_NOSIGNAL);

    if (n >= 0)
        free(text);
    return n >= 0 && sent == n ? 0 : -EIO;
}

unsigned ask_receive(int fd, struct ask_answer *ret)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char *text = ret->body, *end;
    size_t got = 0;
    ssize_t n = 1;

    ret->status = 0;
    while (n > 0 && poll(&p, 1, PATIENCE_MS) > 0) {
        n = read(fd, text + got, sizeof(ret->body) - 1 - got);
        got += n > 0 ? (size_t) n : 0;
    }
    close(fd);
    text[got] = '\0';
    end = strstr(text, "\r\n\r\n");
    if (!end || strncmp(text, "HTTP/1.1 ", 9) != 0)
        return 0;
    *end = '\0';
    snprintf(ret->head, sizeof(ret->head), "%.4000s", text);
    ret->status = (unsigned) strtoul(text + 9, NULL, 10);
    memmove(text, end + 4, got - (size_t) (end + 4 - text) + 1);
    return ret->status;
}
