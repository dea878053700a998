#include "media/udp.h"

#include "net/udp_in.h"
#include "net/udp_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define SOCKET_BUFFER (4 << 20)
#define SINGLES 64 /* one-off destinations that may wait at a time */
#define NO_SLOT UINT16_MAX

struct slot {
    uint16_t len;
    uint16_t next;
};

struct udp {
    int fd;
    uint16_t port;
    bool ipv6;
    bool gso;
    struct udp_counters counters;

    struct udp_in *in;

    struct list waiting; /* paths */
    struct slot slots[UDP_SLOTS];
    unsigned n_slots;
    struct udp_path singles[SINGLES];
    unsigned n_singles;

    struct mmsghdr out[UDP_SLOTS];
    struct udp_path *out_path[UDP_SLOTS];
    struct iovec out_iov[UDP_SLOTS];
    struct udp_control out_control[UDP_SLOTS];
    _Alignas(64) uint8_t slab[UDP_SLOTS][UDP_ROOM_SIZE];
};

/* ---- the socket ---- */

static int open_socket(struct udp *u, uint16_t port)
{
    struct addr any = {.family = AF_INET6, .port = port};
    unsigned flags = UDP_SOCKET_BOTH_FAMILIES | UDP_SOCKET_TELL_LOCAL | UDP_SOCKET_COALESCE;

    u->ipv6 = true;
    u->fd = udp_socket_open(&any, flags);
    if (u->fd == -EAFNOSUPPORT || u->fd == -EADDRNOTAVAIL) {
        any.family = AF_INET;
        u->ipv6 = false;
        u->fd = udp_socket_open(&any, flags);
    }
    return u->fd < 0 ? u->fd : 0;
}

int udp_new(uint16_t port, struct udp **ret_u)
{
    struct udp *u = aligned_alloc(_Alignof(struct udp), sizeof(*u));
    struct addr bound = {.port = 0};
    int r;

    if (!u)
        return -ENOMEM;
    memset(u, 0, offsetof(struct udp, slab));
    list_init(&u->waiting);
    r = open_socket(u, port);
    if (r == 0)
        r = addr_of_socket(u->fd, &bound);
    if (r == 0)
        r = udp_in_new(&u->in);
    if (r < 0) {
        udp_free(u);
        return r;
    }
    udp_socket_ask_buffers(u->fd, SOCKET_BUFFER, SOCKET_BUFFER);
    u->port = bound.port;
    u->gso = udp_socket_has_gso(u->fd);
    *ret_u = u;
    return 0;
}

struct udp *udp_free(struct udp *u)
{
    if (u && u->fd >= 0)
        close(u->fd);
    if (u)
        udp_in_free(u->in);
    free(u);
    return NULL;
}

int udp_fd(const struct udp *u)
{
    return u->fd;
}

uint16_t udp_port(const struct udp *u)
{
    return u->port;
}

bool udp_has_ipv6(const struct udp *u)
{
    return u->ipv6;
}

bool udp_uses_gso(const struct udp *u)
{
    return u->gso;
}

void udp_buffers(const struct udp *u, int *ret_receive, int *ret_send)
{
    socklen_t len = sizeof(int);
    int receive = 0, send = 0;

    (void) getsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &receive, &len);
    (void) getsockopt(u->fd, SOL_SOCKET, SO_SNDBUF, &send, &len);
    *ret_receive = receive / 2; /* the kernel doubles what was asked */
    *ret_send = send / 2;
}

int udp_set_busy_poll(struct udp *u, unsigned us)
{
    int value = (int) us;

    return setsockopt(u->fd, SOL_SOCKET, SO_BUSY_POLL, &value, sizeof(value)) < 0 ? -errno : 0;
}

const struct udp_counters *udp_counters(const struct udp *u)
{
    return &u->counters;
}

/* ---- in ---- */

unsigned udp_receive(struct udp *u, udp_datagram_fn *fn, void *arg, bool *ret_more)
{
    int n = udp_in_receive(u->in, u->fd);
    struct udp_packet p;

    while (n > 0 && udp_in_next(u->in, &p)) {
        struct udp_datagram d = {.p = p.data, .len = p.len, .from = p.from, .to = p.local};

        u->counters.packets_in++;
        u->counters.bytes_in += d.len;
        d.to.port = u->port;
        if (d.len > 0)
            fn(&d, arg);
    }
    *ret_more = n == UDP_IN_SLOTS;
    udp_in_release(u->in);
    return n > 0 ? (unsigned) n : 0;
}

/* ---- paths and the slab ---- */

static void fill_sockaddrs(const struct udp *u, struct udp_path *p)
{
    const struct addr *a = &p->remote;

    if (!u->ipv6) {
        p->to4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&p->to4.sin_addr, a->ip, 4);
        return;
    }
    p->to6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    if (a->family == AF_INET6) {
        memcpy(&p->to6.sin6_addr, a->ip, 16);
        p->to6.sin6_scope_id = a->scope;
    } else {
        memcpy(p->to6.sin6_addr.s6_addr + 12, a->ip, 4);
        memset(p->to6.sin6_addr.s6_addr + 10, 0xff, 2);
    }
}

void udp_path_set(struct udp *u, struct udp_path *p, const struct addr *remote,
                  const struct addr *local)
{
    p->remote = *remote;
    p->local = *local;
    p->no_gso = false;
    fill_sockaddrs(u, p);
}

void udp_path_clear(struct udp *u, struct udp_path *p)
{
    (void) u;
    if (p->queued)
        list_del(&p->node);
    *p = (struct udp_path){.queued = false};
}

uint8_t *udp_reserve(struct udp *u, unsigned n)
{
    if (u->n_slots + n > UDP_SLOTS)
        udp_flush(u);
    return u->slab[u->n_slots];
}

void udp_commit(struct udp *u, struct udp_path *p, const uint8_t *room, size_t len)
{
    uint16_t i = (uint16_t) ((size_t) (room - u->slab[0]) / UDP_ROOM_SIZE);

    if (!udp_path_is_set(p) || len == 0 || len > UDP_DATAGRAM_MAX)
        return;
    u->slots[i] = (struct slot){.len = (uint16_t) len, .next = NO_SLOT};
    u->n_slots = i + 1u;
    if (p->queued) {
        u->slots[p->last].next = i;
    } else {
        p->first = i;
        p->queued = true;
        list_append(&u->waiting, &p->node);
    }
    p->last = i;
}

void udp_send_to(struct udp *u, const struct addr *remote, const struct addr *local,
                 struct bytes datagram)
{
    struct udp_path *p;
    uint8_t *room;

    if (datagram.len > UDP_DATAGRAM_MAX)
        return;
    if (u->n_singles == SINGLES)
        udp_flush(u);
    room = udp_reserve(u, 1);
    memcpy(room, datagram.p, datagram.len);
    p = &u->singles[u->n_singles++]; /* after udp_reserve(): it may flush and reset them */
    *p = (struct udp_path){.queued = false};
    udp_path_set(u, p, remote, local);
    udp_commit(u, p, room, datagram.len);
}

/* ---- out ---- */

/* Message m carries n datagrams, whose iovecs stand in a row. */
static void put_message(struct udp *u, unsigned m, struct udp_path *p, struct iovec *iov,
                        unsigned n)
{
    struct msghdr *h = &u->out[m].msg_hdr;
    struct udp_control *control = &u->out_control[m];
    size_t len = udp_control_put_local(control, 0, &p->local, u->ipv6);

    if (n > 1)
        len = udp_control_put_segment(control, len, (uint16_t) iov[0].iov_len);
    *h = (struct msghdr){
        .msg_name = u->ipv6 ? (void *) &p->to6 : (void *) &p->to4,
        .msg_namelen = u->ipv6 ? sizeof(p->to6) : sizeof(p->to4),
        .msg_iov = iov,
        .msg_iovlen = n,
        .msg_control = len ? control : NULL,
        .msg_controllen = len,
    };
    u->out_path[m] = p;
}

/* One path's datagrams as messages: a run has equal sizes, only its last may be shorter. */
static void gather_path(struct udp *u, struct udp_path *p, unsigned *n_iov, unsigned *n_messages)
{
    uint16_t i = p->first;

    while (i != NO_SLOT) {
        struct iovec *run = &u->out_iov[*n_iov];
        unsigned max = u->gso && !p->no_gso ? UDP_SEGMENTS_MAX : 1;
        unsigned n = 0;

        do {
            run[n++] = (struct iovec){u->slab[i], u->slots[i].len};
            i = u->slots[i].next;
        } while (i != NO_SLOT && n < max && run[n - 1].iov_len == run[0].iov_len &&
                 u->slots[i].len <= run[0].iov_len);
        put_message(u, (*n_messages)++, p, run, n);
        *n_iov += n;
    }
}

/* A GSO message that the kernel refused, again as single datagrams. */
static void send_singly(struct udp *u, unsigned m)
{
    struct msghdr whole = u->out[m].msg_hdr;
    struct msghdr h = whole;
    ssize_t n;

    h.msg_iovlen = 1;
    h.msg_controllen =
        udp_control_put_local(&u->out_control[m], 0, &u->out_path[m]->local, u->ipv6);
    if (h.msg_controllen == 0)
        h.msg_control = NULL;
    for (size_t i = 0; i < whole.msg_iovlen; i++) {
        h.msg_iov = &whole.msg_iov[i];
        n = sendmsg(u->fd, &h, 0);
        if (n < 0) {
            u->counters.dropped_out++;
            continue;
        }
        u->counters.packets_out++;
        u->counters.bytes_out += (uint64_t) n;
        u->counters.messages_out++;
    }
}

/* Message m failed as the first of a sendmmsg: returns false when nothing more can be sent now. */
static bool on_send_error(struct udp *u, unsigned m, enum udp_send_error error)
{
    bool is_gso = u->out[m].msg_hdr.msg_iovlen > 1;

    if (error == UDP_SEND_FULL)
        return false;
    if (is_gso && error == UDP_SEND_TOO_LARGE) {
        u->out_path[m]->no_gso = true;
        send_singly(u, m);
    } else if (is_gso && error == UDP_SEND_NO_GSO) {
        u->gso = false;
        send_singly(u, m);
    } else {
        u->counters.dropped_out += u->out[m].msg_hdr.msg_iovlen;
    }
    return true;
}

static void count_sent(struct udp *u, unsigned from, unsigned n)
{
    for (unsigned m = from; m < from + n; m++) {
        u->counters.packets_out += u->out[m].msg_hdr.msg_iovlen;
        u->counters.bytes_out += u->out[m].msg_len;
    }
    u->counters.messages_out += n;
}

static void send_messages(struct udp *u, unsigned n)
{
    unsigned done = 0;

    while (done < n) {
        int r = sendmmsg(u->fd, u->out + done, n - done, 0);

        if (r > 0) {
            count_sent(u, done, (unsigned) r);
            done += (unsigned) r;
        } else if (r < 0 && errno == EINTR) {
            continue;
        } else if (!on_send_error(u, done, udp_send_error_of(errno))) {
            u->counters.dropped_out += n - done;
            return;
        } else {
            done++;
        }
    }
}

void udp_flush(struct udp *u)
{
    unsigned n_iov = 0, n_messages = 0;
    struct udp_path *p;

    list_for_each (p, &u->waiting, node)
        gather_path(u, p, &n_iov, &n_messages);
    send_messages(u, n_messages);
    while ((p = list_first(&u->waiting, struct udp_path, node))) {
        list_del(&p->node);
        p->queued = false;
    }
    u->n_slots = 0;
    u->n_singles = 0;
}
