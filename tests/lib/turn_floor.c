#include "tests/lib/turn_floor.h"

#include "codec/stun.h"
#include "tests/lib/loopback.h"
#include "tests/lib/measure.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BATCH 32        /* messages of a receive call */
#define SLOTS 256       /* received messages that may wait to be sent */
#define SLOT_SIZE 65536 /* of data: what UDP_GRO can join */
#define PIECES 48       /* datagrams of one message out */
#define OUTS 1024       /* messages out, at most, of what is in the slots */
#define GSO_MAX 60000
#define EVENTS 64

struct slot {
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))];
    struct sockaddr_in from;
    uint8_t data[SLOT_SIZE];
};

/* A message out: to one address, in pieces of which each but the last has the size `segment`. */
struct out {
    int fd;
    const struct sockaddr_in *to;
    size_t segment, last, len;
    unsigned n_iov, n_pieces;
    struct iovec iov[2 * PIECES];
    uint8_t headers[PIECES][CHANDATA_HEADER_SIZE];
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))];
};

struct floor {
    enum turn_floor_mode mode;
    int fd, epoll_fd;
    int *relay_fds;
    size_t n;
    struct sockaddr_in peer;
    struct sockaddr_in *clients;
    uint32_t by_port[UINT16_MAX + 1]; /* a client's port: its number */
    struct slot *slots;
    unsigned n_slots;
    struct out *outs;
    unsigned n_outs;
};

/* ---- out ---- */

static void put_segment_size(struct msghdr *h, struct out *o)
{
    struct cmsghdr *c = (struct cmsghdr *) o->control;
    uint16_t size = (uint16_t) o->segment;

    c->cmsg_level = SOL_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(size));
    memcpy(CMSG_DATA(c), &size, sizeof(size));
    h->msg_control = o->control;
    h->msg_controllen = sizeof(o->control);
}

/* From the n-th message on those that go to the same socket; returns how many it were. */
static unsigned flush_socket(struct floor *f, unsigned first)
{
    struct mmsghdr m[BATCH];
    unsigned n = 0;

    for (; n < BATCH && first + n < f->n_outs && f->outs[first + n].fd == f->outs[first].fd; n++) {
        struct out *o = &f->outs[first + n];

        m[n].msg_hdr = (struct msghdr){.msg_name = (void *) o->to,
                                       .msg_namelen = sizeof(*o->to),
                                       .msg_iov = o->iov,
                                       .msg_iovlen = o->n_iov};
        if (o->n_pieces > 1)
            put_segment_size(&m[n].msg_hdr, o);
    }
    if (n == 1)
        (void) sendmsg(f->outs[first].fd, &m[0].msg_hdr, 0);
    else
        (void) sendmmsg(f->outs[first].fd, m, n, 0);
    return n;
}

static void flush(struct floor *f)
{
    for (unsigned i = 0; i < f->n_outs;)
        i += flush_socket(f, i);
    f->n_outs = 0;
    f->n_slots = 0;
}

/* The message that a datagram of this length goes into. */
static struct out *out_for(struct floor *f, int fd, const struct sockaddr_in *to, size_t len)
{
    struct out *o = f->n_outs > 0 ? &f->outs[f->n_outs - 1] : NULL;

    if (o && f->mode == TURN_FLOOR_GSO && o->fd == fd && o->to == to && o->last == o->segment &&
        len <= o->segment && o->n_pieces < PIECES && o->len + len < GSO_MAX)
        return o;
    if (f->n_outs == OUTS)
        flush(f); /* what is in the slots stays there until the next receive call */
    o = &f->outs[f->n_outs++];
    o->fd = fd;
    o->to = to;
    o->segment = len;
    o->len = 0;
    o->n_iov = o->n_pieces = 0;
    return o;
}

static void put(struct floor *f, int fd, const struct sockaddr_in *to, bool with_header,
                struct bytes data)
{
    size_t len = data.len + (with_header ? CHANDATA_HEADER_SIZE : 0);
    struct out *o = out_for(f, fd, to, len);

    if (with_header) {
        uint8_t *h = o->headers[o->n_pieces];

        memcpy(h, (uint8_t[]){0x40, 1, (uint8_t) (data.len >> 8), (uint8_t) data.len}, 4);
        o->iov[o->n_iov++] = (struct iovec){h, CHANDATA_HEADER_SIZE};
    }
    o->iov[o->n_iov++] = (struct iovec){(void *) data.p, data.len};
    o->n_pieces++;
    o->last = len;
    o->len += len;
}

/* ---- in ---- */

static size_t segment_size(struct msghdr *h, size_t len)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            int size;

            memcpy(&size, CMSG_DATA(c), sizeof(size));
            return (size_t) size;
        }
    }
    return len;
}

/* A message in of one or more datagrams. From the clients: the channel's header is taken off. From
 * relay `from - 1`: it is put before. */
static void pass_on(struct floor *f, unsigned from, struct slot *s, struct mmsghdr *m)
{
    size_t segment = segment_size(&m->msg_hdr, m->msg_len);

    for (size_t at = 0; at < m->msg_len; at += segment) {
        size_t len = segment < m->msg_len - at ? segment : m->msg_len - at;

        if (from)
            put(f, f->fd, &f->clients[from - 1], true, bytes_of(s->data + at, len));
        else if (len > CHANDATA_HEADER_SIZE)
            put(f, f->relay_fds[f->by_port[ntohs(s->from.sin_port)]], &f->peer, false,
                bytes_of(s->data + at + CHANDATA_HEADER_SIZE, len - CHANDATA_HEADER_SIZE));
    }
}

static void receive(struct floor *f, unsigned from)
{
    int fd = from ? f->relay_fds[from - 1] : f->fd;
    unsigned max = f->mode == TURN_FLOOR_SINGLE ? 1 : BATCH;
    struct mmsghdr m[BATCH];
    struct iovec iov[BATCH];
    int n;

    if (f->n_slots + max > SLOTS)
        flush(f);
    for (unsigned i = 0; i < max; i++) {
        struct slot *s = &f->slots[f->n_slots + i];

        iov[i] = (struct iovec){s->data, sizeof(s->data)};
        m[i].msg_hdr = (struct msghdr){.msg_name = &s->from,
                                       .msg_namelen = sizeof(s->from),
                                       .msg_iov = &iov[i],
                                       .msg_iovlen = 1,
                                       .msg_control = s->control,
                                       .msg_controllen = sizeof(s->control)};
    }
    if (max == 1) {
        ssize_t len = recvmsg(fd, &m[0].msg_hdr, MSG_DONTWAIT);

        m[0].msg_len = len > 0 ? (unsigned) len : 0;
        n = len > 0;
    } else {
        n = recvmmsg(fd, m, max, MSG_DONTWAIT, NULL);
    }
    for (int i = 0; i < n; i++)
        pass_on(f, from, &f->slots[f->n_slots + (unsigned) i], &m[i]);
    f->n_slots += n > 0 ? (unsigned) n : 0;
    if (f->mode == TURN_FLOOR_SINGLE)
        flush(f);
}

/* ---- the process ---- */

static void watch(const struct floor *f, int fd, unsigned nr)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u32 = nr};

    measure_check(epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0, "epoll");
}

static int run(void *arg)
{
    struct floor *f = arg;
    struct epoll_event events[EVENTS];

    f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    watch(f, f->fd, 0);
    for (unsigned i = 0; i < f->n; i++)
        watch(f, f->relay_fds[i], i + 1);
    for (;;) {
        int n = epoll_wait(f->epoll_fd, events, EVENTS, -1);

        if (n < 0 && errno != EINTR)
            return EXIT_FAILURE;
        for (int i = 0; i < n; i++)
            receive(f, events[i].data.u32);
        flush(f);
    }
}

/* ---- before it ---- */

static void take_address(const struct addr *a, struct sockaddr_in *ret)
{
    struct sockaddr_storage sa;

    addr_to_sockaddr(a, &sa);
    memcpy(ret, &sa, sizeof(*ret));
}

static int open_socket(const struct floor *f, const struct addr *at)
{
    int fd = loopback_open_at(at), on = f->mode == TURN_FLOOR_GSO;

    if (fd >= 0 && on && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)) < 0) {
        int r = -errno;

        close(fd);
        return r;
    }
    return fd;
}

static int open_relay(struct floor *f, size_t i, const char *relay_ip, struct addr *ret_relayed)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    struct addr at;
    int r = addr_parse_ip(relay_ip, 0, &at);

    if (r < 0)
        return r;
    f->relay_fds[i] = open_socket(f, &at);
    if (f->relay_fds[i] < 0)
        return f->relay_fds[i];
    if (getsockname(f->relay_fds[i], (struct sockaddr *) &sa, &len) < 0)
        return -errno;
    return addr_from_sockaddr((struct sockaddr *) &sa, len, ret_relayed);
}

static int allocate(struct floor *f)
{
    f->relay_fds = calloc(f->n, sizeof(f->relay_fds[0]));
    f->clients = calloc(f->n, sizeof(f->clients[0]));
    f->slots = calloc(SLOTS, sizeof(f->slots[0]));
    f->outs = calloc(OUTS, sizeof(f->outs[0]));
    return f->relay_fds && f->clients && f->slots && f->outs ? 0 : -ENOMEM;
}

static void done(struct floor *f)
{
    if (f->fd >= 0)
        close(f->fd);
    for (size_t i = 0; f->relay_fds && i < f->n; i++) {
        if (f->relay_fds[i] > 0)
            close(f->relay_fds[i]);
    }
    free(f->relay_fds);
    free(f->clients);
    free(f->slots);
    free(f->outs);
}

int turn_floor_start(struct child *c, enum turn_floor_mode mode, const struct addr *listen,
                     const char *relay_ip, const struct addr *peer, const struct addr *clients,
                     size_t n, struct addr *ret_relayed)
{
    static struct floor f;
    int r;

    f = (struct floor){.mode = mode, .fd = -1, .n = n};
    take_address(peer, &f.peer);
    r = allocate(&f);
    if (r == 0) {
        f.fd = open_socket(&f, listen);
        r = f.fd < 0 ? f.fd : 0;
    }
    for (size_t i = 0; i < n && r == 0; i++) {
        take_address(&clients[i], &f.clients[i]);
        f.by_port[clients[i].port] = (uint32_t) i;
        r = open_relay(&f, i, relay_ip, &ret_relayed[i]);
    }
    if (r == 0)
        r = child_fork(c, run, &f);
    done(&f);
    return r;
}
