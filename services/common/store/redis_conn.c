#include "store/redis_conn.h"

#include "base/clock.h"
#include "store/redis_dial.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_MAX                                                                                    \
    ((size_t) 256 << 20) /* ten times what the largest installation has to tell at once */
#define OUT_KEPT ((size_t) 1 << 20) /* a buffer that grew beyond is given back */
#define READ_SIZE ((size_t) 64 * 1024)
#define SEND_BUFFER (8 << 20) /* some seconds of changes, should the server be busy meanwhile */
#define WORDS_MAX 8           /* of a command */

struct redis_conn {
    struct loop *loop;
    redis_conn_fn *fn;
    void *arg;
    struct redis_dial *dial; /* while it is not connected */
    int fd;
    struct loop_io io;
    struct blob out;
    size_t sent; /* of out */
    redisReader *reader;
    size_t n_login; /* replies of the login that are still to come */
    size_t n_waiting;
    uint64_t alive_ms; /* the last sign of life, or the begin of waiting for one */
    char error[REDIS_ERROR_SIZE];
};

static void fail(struct redis_conn *c, const char *why)
{
    if (!*c->error)
        snprintf(c->error, sizeof(c->error), "%s", *why ? why : "unknown error");
    loop_io_stop(&c->io);
}

static void fail_errno(struct redis_conn *c, int error)
{
    fail(c, error == -EHOSTUNREACH ? "its name or address leads nowhere" : strerror(-error));
}

const char *redis_conn_error(const struct redis_conn *c)
{
    return *c->error ? c->error : NULL;
}

static bool is_over(const struct redis_conn *c)
{
    return *c->error != '\0';
}

/* ---- commands ---- */

int redis_format(struct blob *out, const struct bytes *words, size_t n)
{
    const char *argv[WORDS_MAX];
    size_t lens[WORDS_MAX];
    char *text = NULL;
    long long len; /* hiredis 0.14 says int, 1.x long long */
    int r;

    if (n > WORDS_MAX)
        return -E2BIG;
    for (size_t i = 0; i < n; i++) {
        argv[i] = (const char *) words[i].p;
        lens[i] = words[i].len;
    }
    len = redisFormatCommandArgv(&text, (int) n, argv, lens);
    if (len < 0)
        return -ENOMEM;
    r = blob_append(out, bytes_of(text, (size_t) len));
    redisFreeCommand(text);
    return r;
}

static void expect(struct redis_conn *c, size_t n_replies)
{
    if (c->n_waiting == 0)
        c->alive_ms = clock_ms();
    c->n_waiting += n_replies;
}

void redis_conn_ask(struct redis_conn *c, const char *const *words)
{
    struct bytes list[WORDS_MAX];
    size_t n = 0;
    int r;

    for (; n < WORDS_MAX && words[n]; n++)
        list[n] = bytes_str(words[n]);
    r = redis_format(&c->out, list, n);
    if (r < 0)
        fail_errno(c, r);
    expect(c, 1);
    if (!c->dial)
        redis_conn_flush(c, 0);
}

void redis_conn_send(struct redis_conn *c, struct bytes commands, size_t n_replies)
{
    int r = is_over(c) ? 0 : blob_append(&c->out, commands);

    if (r < 0)
        fail_errno(c, r);
    expect(c, n_replies);
}

/* ---- the socket ---- */

/* Sends what the socket takes at once. */
static void write_some(struct redis_conn *c)
{
    while (!is_over(c) && c->sent < c->out.len) {
        ssize_t n =
            send(c->fd, c->out.p + c->sent, c->out.len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n >= 0)
            c->sent += (size_t) n;
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR)
            fail_errno(c, -errno);
    }
    c->sent = 0;
    c->out.len = 0;
    if (c->out.cap > OUT_KEPT)
        blob_clear(&c->out);
}

static void read_some(struct redis_conn *c)
{
    char buf[READ_SIZE];
    ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

    if (n > 0) {
        c->alive_ms = clock_ms();
        if (redisReaderFeed(c->reader, buf, (size_t) n) != REDIS_OK)
            fail(c, c->reader->errstr);
    } else if (n == 0) {
        fail(c, "it has closed the connection");
    } else if (errno != EAGAIN && errno != EINTR) {
        fail_errno(c, -errno);
    }
}

static void on_io(struct loop_io *io, uint32_t revents);

/* What is to be waited for has changed. */
static void watch(struct redis_conn *c)
{
    int fd = c->dial ? redis_dial_fd(c->dial) : c->fd;
    uint32_t events = c->dial ? (uint32_t) redis_dial_events(c->dial)
                              : EPOLLIN | (c->out.len ? (uint32_t) EPOLLOUT : 0);
    int r = 0;

    if (is_over(c))
        return;
    if (!c->io.source || c->io.fd != fd) {
        loop_io_stop(&c->io);
        r = loop_io_start(&c->io, c->loop, fd, events, on_io);
    } else if (c->io.events != events) {
        r = loop_io_set_events(&c->io, events);
    }
    if (r < 0)
        fail_errno(c, r);
}

static void connected(struct redis_conn *c, int fd)
{
    static const int size = SEND_BUFFER;

    c->fd = fd;
    c->dial = redis_dial_free(c->dial);
    c->alive_ms = clock_ms();
    /* the system's limit may make it less */
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    write_some(c);
}

static void step(struct redis_conn *c)
{
    if (is_over(c))
        return;
    if (c->dial) {
        int fd = -1, r;

        /* an attempt that is given up for the next may come with the same descriptor */
        loop_io_stop(&c->io);
        r = redis_dial_step(c->dial, &fd);
        if (r == 0)
            connected(c, fd);
        else if (r != -EINPROGRESS)
            fail_errno(c, r);
    } else {
        write_some(c);
        if (!is_over(c))
            read_some(c);
    }
    watch(c);
}

static void on_io(struct loop_io *io, uint32_t revents)
{
    struct redis_conn *c = container_of(io, struct redis_conn, io);

    (void) revents;
    step(c);
    c->fn(c, c->arg);
}

void redis_conn_flush(struct redis_conn *c, int patience_ms)
{
    uint64_t now = clock_ms(), until = now + (uint64_t) patience_ms;

    if (c->dial || is_over(c))
        return;
    write_some(c);
    for (; patience_ms > 0 && !is_over(c) && c->out.len; now = clock_ms()) {
        struct pollfd p = {.fd = c->fd, .events = POLLOUT};

        if (now >= until || poll(&p, 1, (int) (until - now)) == 0)
            fail(c, "it does not read what it is sent");
        write_some(c);
    }
    watch(c);
}

void redis_conn_wait(struct redis_conn *c, int timeout_ms)
{
    struct pollfd p = {.fd = c->dial ? redis_dial_fd(c->dial) : c->fd, .events = POLLIN};

    if (is_over(c))
        return;
    if (c->dial)
        p.events = redis_dial_events(c->dial);
    else if (c->out.len)
        p.events |= POLLOUT;
    if (poll(&p, 1, timeout_ms) > 0)
        step(c);
}

/* ---- replies ---- */

static const char *error_in(const redisReply *r)
{
    const char *e = NULL;

    if (r->type == REDIS_REPLY_ERROR)
        return r->str;
    if (r->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i < r->elements && !e; i++)
            e = error_in(r->element[i]);
    return e;
}

redisReply *redis_conn_reply(struct redis_conn *c)
{
    while (!is_over(c)) {
        void *got = NULL;
        redisReply *r;

        if (redisReaderGetReply(c->reader, &got) != REDIS_OK)
            fail(c, c->reader->errstr);
        r = got;
        if (!r)
            return NULL;
        if (c->n_waiting == 0)
            fail(c, "it says something that nobody asked for");
        else
            c->n_waiting--;
        if (error_in(r))
            fail(c, error_in(r));
        if (!is_over(c) && c->n_login == 0)
            return r;
        if (c->n_login)
            c->n_login--;
        freeReplyObject(r);
    }
    return NULL;
}

size_t redis_conn_n_waiting(const struct redis_conn *c)
{
    return c->n_waiting;
}

void redis_conn_check(struct redis_conn *c)
{
    if (!is_over(c) && (c->dial || c->n_waiting) && clock_ms() - c->alive_ms > REDIS_PATIENCE_MS)
        fail(c, "it does not answer");
}

/* ---- life ---- */

static void login(struct redis_conn *c, const struct store_address *a)
{
    char db[16];

    snprintf(db, sizeof(db), "%u", a->db);
    if (*a->user)
        redis_conn_ask(c, (const char *const[]){"AUTH", a->user, a->password, NULL});
    else if (*a->password)
        redis_conn_ask(c, (const char *const[]){"AUTH", a->password, NULL});
    if (a->db)
        redis_conn_ask(c, (const char *const[]){"SELECT", db, NULL});
    c->n_login = c->n_waiting;
}

int redis_conn_new(struct loop *l, const struct store_address *address, redis_conn_fn *fn,
                   void *arg, struct redis_conn **ret_conn)
{
    struct redis_conn *c = calloc(1, sizeof(*c));
    int r = -ENOMEM;

    if (!c)
        return r;
    *c = (struct redis_conn){.loop = l, .fn = fn, .arg = arg, .fd = -1};
    c->out = blob_init(OUT_MAX);
    c->alive_ms = clock_ms();
    c->reader = redisReaderCreate();
    if (c->reader)
        r = redis_dial_new(address, &c->dial);
    if (r < 0) {
        redis_conn_free(c);
        return r;
    }
    login(c, address);
    watch(c);
    *ret_conn = c;
    return 0;
}

struct redis_conn *redis_conn_free(struct redis_conn *c)
{
    if (!c)
        return NULL;
    loop_io_stop(&c->io);
    redis_dial_free(c->dial);
    if (c->fd >= 0)
        close(c->fd);
    if (c->reader)
        redisReaderFree(c->reader);
    blob_clear(&c->out);
    free(c);
    return NULL;
}
