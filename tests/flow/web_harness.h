/* web_harness.h: a server on a thread of its own, and blocking raw clients for the test's thread.
 *
 * The path chooses what the server does; see routes[]. */
#pragma once

#include "base/clock.h"
#include "base/crypto.h"
#include "web/web.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define SOCKETS_MAX 1100
#define BIG_SIZE (1 << 24) /* more than the kernel keeps for a reader that stopped */

static struct {
    pthread_t thread;
    struct loop *loop;
    struct web *web;
    struct web_limits limits;
    struct loop_io stop_io;
    int stop_fd;
    uint16_t port;
    struct sockaddr_un proxy; /* an abstract name */
    char dir[64];
    struct web_request *kept;
    struct ws *sockets[SOCKETS_MAX];
    unsigned n_sockets;
    char closed[4096]; /* "code reason;" of each on_closed */
    int overflow_error;
} server;

/* ---- what the server's thread does ---- */

static void reply_text(struct web_request *rq, unsigned status, const char *text)
{
    web_reply(rq, status, "text/plain", bytes_str(text));
}

static void route_echo(struct web_request *rq)
{
    char text[2048], ip[ADDR_TEXT_SIZE] = "none";
    const char *x = web_query(rq, "x");

    if (web_client(rq)->family)
        addr_format_ip(web_client(rq), ip);
    snprintf(text, sizeof(text), "%s %.500s n=%u last=%.500s x=%s body=%zu client=%s\n",
             web_method(rq), web_path(rq), web_n_segments(rq),
             web_segment(rq, web_n_segments(rq) - 1), x ? x : "(none)", web_body(rq).len, ip);
    reply_text(rq, 200, text);
}

static void route_body(struct web_request *rq)
{
    web_reply(rq, 200, "application/octet-stream", web_body(rq));
}

static void route_big(struct web_request *rq)
{
    static char text[BIG_SIZE];

    memset(text, 'b', sizeof(text));
    web_reply(rq, 200, "text/plain", bytes_of(text, sizeof(text)));
}

static void route_keep(struct web_request *rq)
{
    server.kept = rq;
}

static void route_release(struct web_request *rq)
{
    if (!server.kept) {
        reply_text(rq, 409, "nothing kept");
        return;
    }
    reply_text(server.kept, 200, "kept");
    server.kept = NULL;
    reply_text(rq, 200, "released");
}

static void route_is_kept(struct web_request *rq)
{
    reply_text(rq, 200, server.kept ? "yes" : "no");
}

/* The server's clock jumps ahead by so many seconds. */
static void route_clock(struct web_request *rq)
{
    clock_fake(clock_us() + (uint64_t) atoi(web_query(rq, "add")) * 1000000);
    reply_text(rq, 200, "");
}

static void route_headers(struct web_request *rq)
{
    char name[32], text[64];
    int bad = web_reply_header(rq, "X-Bad", "a\r\nX-Forged: 1");
    int bad_name = web_reply_header(rq, "X Bad", "a");
    int own = web_reply_header(rq, "content-length", "1");

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "X-Many-%d", i);
        (void) web_reply_header(rq, name, "value");
    }
    snprintf(text, sizeof(text), "%d", bad == -EINVAL && bad_name == -EINVAL && own == -EINVAL);
    reply_text(rq, 201, text);
}

static void route_auth(struct web_request *rq)
{
    reply_text(rq, web_basic_auth_matches(rq, "OPENVIDUAPP", "MY_SECRET") ? 200 : 401, "");
}

static void route_empty(struct web_request *rq)
{
    web_reply(rq, 204, NULL, bytes_of(NULL, 0));
}

static void route_file(struct web_request *rq)
{
    const char *rest = web_rest(rq, 1);

    if (rest)
        web_reply_file(rq, server.dir, rest);
    else
        reply_text(rq, 400, "slash inside");
}

static void route_closed(struct web_request *rq)
{
    reply_text(rq, 200, server.closed);
}

/* One message of 100 bytes to every socket. */
static void route_broadcast(struct web_request *rq)
{
    char text[100];

    memset(text, 'm', sizeof(text));
    for (unsigned i = 0; i < server.n_sockets; i++)
        (void) ws_send(server.sockets[i], bytes_of(text, sizeof(text)));
    reply_text(rq, 200, "");
}

static void flood(struct ws *s)
{
    static char text[10000];
    int r = 0;

    memset(text, 'f', sizeof(text));
    for (int i = 0; i < 100000 && r == 0; i++)
        r = ws_send(s, bytes_of(text, sizeof(text)));
    server.overflow_error = r;
}

/* Echoes, but for a few words that ask for something. */
static void on_ws_text(struct ws *s, struct bytes text, void *arg)
{
    (void) arg;
    if (bytes_eq_str(text, "close")) {
        (void) ws_send(s, bytes_str("first"));
        (void) ws_send(s, bytes_str("second"));
        ws_close(s, 4000, "asked");
        ws_close(s, 4001, "again");
        if (ws_send(s, bytes_str("late")) != -ENOTCONN)
            abort();
    } else if (bytes_eq_str(text, "flood")) {
        flood(s);
    } else {
        (void) ws_send(s, text);
    }
}

static void on_ws_closed(struct ws *s, unsigned code, const char *reason, void *arg)
{
    size_t n = strlen(server.closed);

    (void) arg;
    ws_close(s, 1000, "");
    for (unsigned i = 0; i < server.n_sockets; i++) {
        if (server.sockets[i] == s)
            server.sockets[i] = server.sockets[--server.n_sockets];
    }
    snprintf(server.closed + n, sizeof(server.closed) - n, "%u %s;", code, reason);
}

static const struct ws_handlers ws_handlers = {.on_text = on_ws_text, .on_closed = on_ws_closed};

static void route_ws(struct web_request *rq)
{
    struct ws *s;

    if (web_upgrade(rq, &ws_handlers, NULL, &s) == 0)
        server.sockets[server.n_sockets++] = s;
}

static void upgrade_kept(struct web_request *rq)
{
    if (server.kept)
        route_ws(server.kept);
    server.kept = NULL;
    reply_text(rq, 200, "");
}

/* Talks before the peer can. */
static void route_greet(struct web_request *rq)
{
    struct ws *s;

    if (web_upgrade(rq, &ws_handlers, NULL, &s) < 0)
        return;
    (void) ws_send(s, bytes_str("welcome"));
    ws_close(s, 1000, "and good bye");
}

static const struct {
    const char *name;
    void (*fn)(struct web_request *rq);
} routes[] = {
    {"echo", route_echo},       {"body", route_body},
    {"big", route_big},         {"keep", route_keep},
    {"release", route_release}, {"is-kept", route_is_kept},
    {"clock", route_clock},     {"headers", route_headers},
    {"auth", route_auth},       {"empty", route_empty},
    {"file", route_file},       {"closed", route_closed},
    {"ws", route_ws},           {"upgrade", upgrade_kept},
    {"greet", route_greet},     {"broadcast", route_broadcast},
};

static void on_request(struct web_request *rq, void *arg)
{
    const char *first = web_segment(rq, 0);

    (void) arg;
    for (size_t i = 0; first && i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(routes[i].name, first) == 0) {
            routes[i].fn(rq);
            return;
        }
    }
    reply_text(rq, 404, "no such route");
}

static void on_stop(struct loop_io *io, uint32_t revents)
{
    (void) revents;
    loop_quit(io->loop, 0);
}

static void *serve(void *arg)
{
    (void) loop_run(server.loop);
    server.web = web_free(server.web);
    loop_io_stop(&server.stop_io);
    server.loop = loop_free(server.loop);
    clock_fake(UINT64_MAX);
    return arg;
}

/* ---- start and stop ---- */

static int listen_proxy(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    server.proxy.sun_family = AF_UNIX;
    snprintf(server.proxy.sun_path + 1, sizeof(server.proxy.sun_path) - 1, "visavis-web-test-%d",
             (int) getpid());
    assert_int_equal(bind(fd, (struct sockaddr *) &server.proxy, sizeof(server.proxy)), 0);
    assert_int_equal(listen(fd, 128), 0);
    return fd;
}

static void server_start(const struct web_limits *limits)
{
    struct addr a;
    struct sockaddr_in sin;
    socklen_t len = sizeof(sin);
    int fd;

    memset(&server, 0, sizeof(server));
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(loop_new(&server.loop), 0);
    assert_int_equal(web_new(server.loop, limits, on_request, NULL, &server.web), 0);
    assert_int_equal(web_always(server.web, "X-Always", "yes"), 0);
    assert_int_equal(web_always(server.web, "X-Always", "a\r\nX-Forged: 1"), -EINVAL);
    assert_int_equal(web_always(server.web, "Content-Length", "1"), -EINVAL);
    assert_int_equal(addr_parse_ip("127.0.0.1", 0, &a), 0);
    fd = web_listen_tcp(&a);
    assert_true(fd >= 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &sin, &len), 0);
    server.port = ntohs(sin.sin_port);
    assert_int_equal(web_add_listener(server.web, fd, false), 0);
    assert_int_equal(web_add_listener(server.web, listen_proxy(), true), 0);
    server.stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_int_equal(loop_io_start(&server.stop_io, server.loop, server.stop_fd, EPOLLIN, on_stop),
                     0);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static int server_stop(void **state)
{
    (void) state;
    if (!server.port)
        return 0;
    (void) eventfd_write(server.stop_fd, 1);
    pthread_join(server.thread, NULL);
    close(server.stop_fd);
    server.port = 0;
    return 0;
}

/* ---- raw clients ---- */

static int with_timeouts(int fd)
{
    struct timeval tv = {.tv_sec = 20};

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
    return fd;
}

static void dial_on(int fd)
{
    struct sockaddr_in sin = {.sin_family = AF_INET,
                              .sin_port = htons(server.port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    (void) with_timeouts(fd);
    assert_int_equal(connect(fd, (struct sockaddr *) &sin, sizeof(sin)), 0);
}

static int dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    dial_on(fd);
    return fd;
}

/* A client for which the kernel keeps little. */
static inline int dial_narrow(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), size = 8192;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
    dial_on(fd);
    return fd;
}

static inline int dial_proxy(void)
{
    int fd = with_timeouts(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

    assert_int_equal(connect(fd, (struct sockaddr *) &server.proxy, sizeof(server.proxy)), 0);
    return fd;
}

static void put(int fd, const void *data, size_t len)
{
    for (const char *p = data; len > 0;) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        assert_true(n > 0);
        p += n;
        len -= (size_t) n;
    }
}

static void puts_to(int fd, const char *text)
{
    put(fd, text, strlen(text));
}

/* Exactly len bytes; fewer at the end of file, and then the connection's error counts as one. */
static size_t get(int fd, void *data, size_t len)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = recv(fd, (char *) data + got, len - got, 0);

        if (n == 0 || (n < 0 && errno == ECONNRESET))
            break;
        assert_true(n > 0);
        got += (size_t) n;
    }
    return got;
}

static inline bool at_end(int fd)
{
    char c;

    return get(fd, &c, 1) == 0;
}

struct answer {
    int status; /* 0: the connection ended instead */
    size_t len;
    char head[16384];
    char body[8192]; /* what fits, with a NUL */
};

/* bodyless: an answer to HEAD. */
static void get_answer_to(int fd, struct answer *a, bool bodyless)
{
    size_t n = 0, left;
    char *length;

    memset(a, 0, sizeof(*a));
    while (n < sizeof(a->head) - 1 && get(fd, a->head + n, 1) == 1) {
        if (++n >= 4 && memcmp(a->head + n - 4, "\r\n\r\n", 4) == 0)
            break;
    }
    if (n == 0)
        return;
    assert_memory_equal(a->head, "HTTP/1.1 ", 9);
    a->status = atoi(a->head + 9);
    length = strcasestr(a->head, "\r\nContent-Length:");
    a->len = length ? strtoul(length + 17, NULL, 10) : 0;
    if (bodyless || a->status == 304)
        return;
    n = a->len < sizeof(a->body) - 1 ? a->len : sizeof(a->body) - 1;
    assert_int_equal(get(fd, a->body, n), n);
    for (left = a->len - n; left > 0; left -= n) {
        char sink[4096];

        n = left < sizeof(sink) ? left : sizeof(sink);
        assert_int_equal(get(fd, sink, n), n);
    }
}

static void get_answer(int fd, struct answer *a)
{
    get_answer_to(fd, a, false);
}

/* A whole exchange on a connection of its own. */
static void ask(const char *request, struct answer *a)
{
    int fd = dial();

    puts_to(fd, request);
    get_answer(fd, a);
    close(fd);
}

static inline void ask_path(const char *path, struct answer *a)
{
    char text[4096];

    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
    ask(text, a);
}
