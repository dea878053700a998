#include "tests/lib/signaling_floor.h"

#include "tests/lib/measure.h"
#include "tests/lib/signaling_crowd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNS_MAX 16384
#define EVENTS 64
#define HANDSHAKE                                                                                  \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

struct conn {
    int fd;
    bool websocket;
    size_t place; /* among the WebSockets, in the order of handshakes */
};

struct floor {
    const struct signaling_floor *config;
    int epoll;
    struct conn conns[CONNS_MAX];
    size_t n;
    struct conn *sockets[CONNS_MAX];
    size_t n_sockets;
    uint8_t in[65536];
    uint8_t out[1u << 20];
};

static void put(int fd, const void *data, size_t len)
{
    (void) send(fd, data, len, MSG_NOSIGNAL);
}

/* A text frame: `begin`, then blanks up to len. */
static size_t make_frame(struct floor *f, const char *begin, size_t len)
{
    size_t n = 0;

    f->out[n++] = 0x81;
    if (len < 126) {
        f->out[n++] = (uint8_t) len;
    } else {
        f->out[n++] = 126;
        f->out[n++] = (uint8_t) (len >> 8);
        f->out[n++] = (uint8_t) len;
    }
    memset(f->out + n, ' ', len);
    memcpy(f->out + n, begin, strlen(begin));
    return n + len;
}

static void tell_group(struct floor *f, const struct conn *from, bool all)
{
    size_t large = f->config->large, group = f->config->group;
    size_t first = from->place < large ? 0 : from->place - (from->place - large) % group;
    size_t end = from->place < large ? large : first + group;
    size_t len = make_frame(f, "{\"method\":", f->config->told);

    if (!all)
        end = from->place;
    for (size_t i = first; i < end && i < f->n_sockets; i++)
        put(f->sockets[i]->fd, f->out, len);
}

/* The id is told by where the method's name stands in the loads' texts. */
static void answer(struct floor *f, const struct conn *c, const char *text)
{
    const char *method = text + strlen(CROWD_TEXT_BEGIN);
    char begin[16];

    snprintf(begin, sizeof(begin), "{\"id\":%d,",
             *method == 'j'   ? CROWD_JOIN
             : *method == 'p' ? CROWD_PING
             : *method == 's' ? CROWD_SIGNAL
                              : CROWD_LEAVE);
    if (*method == 'j')
        tell_group(f, c, false);
    else if (*method == 's')
        tell_group(f, c, true);
    put(c->fd, f->out,
        make_frame(f, begin, *method == 'j' ? f->config->joined : f->config->answered));
}

/* Loads write a frame at a time, so that those read are whole. */
static void take_frames(struct floor *f, const struct conn *c, size_t len)
{
    for (size_t at = 0; at + 6 < len;) {
        size_t n = f->in[at + 1] & 0x7f, head = 6;
        uint8_t *text;

        if (n == 126) {
            n = (size_t) f->in[at + 2] << 8 | f->in[at + 3];
            head = 8;
        }
        text = f->in + at + head;
        if (at + head + n > len)
            abort();
        for (size_t i = 0; i < n; i++)
            text[i] ^= text[(ssize_t) (i % 4) - 4];
        if ((f->in[at] & 0x0f) == 1)
            answer(f, c, (const char *) text);
        at += head + n;
    }
}

static void take_request(struct floor *f, struct conn *c, size_t len)
{
    int n;

    if (memmem(f->in, len, "Upgrade:", 8)) {
        c->websocket = true;
        c->place = f->n_sockets;
        f->sockets[f->n_sockets++] = c;
        put(c->fd, HANDSHAKE, sizeof(HANDSHAKE) - 1);
        return;
    }
    n = snprintf((char *) f->out, sizeof(f->out),
                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                 f->config->rest);
    memset(f->out + n, ' ', f->config->rest);
    put(c->fd, f->out, (size_t) n + f->config->rest);
}

static void take_connection(struct floor *f)
{
    int fd = accept4(f->config->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct conn *c = &f->conns[f->n];
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

    if (fd < 0 || f->n == CONNS_MAX) {
        close(fd);
        return;
    }
    f->n++;
    *c = (struct conn){.fd = fd};
    (void) epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void take(struct floor *f, struct conn *c)
{
    ssize_t n = recv(c->fd, f->in, sizeof(f->in), 0);

    if (n > 0 && c->websocket)
        take_frames(f, c, (size_t) n);
    else if (n > 0)
        take_request(f, c, (size_t) n);
    else if (n == 0 || errno != EAGAIN)
        close(c->fd);
}

int signaling_floor_run(void *arg)
{
    struct floor *f = calloc(1, sizeof(*f));
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];

    if (!f)
        return EXIT_FAILURE;
    measure_open_many();
    f->config = arg;
    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    (void) epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->config->listener, &ev);
    for (;;) {
        int n = epoll_wait(f->epoll, events, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                take(f, events[i].data.ptr);
            else
                take_connection(f);
        }
    }
}
