#include "tests/lib/turn_load.h"

#include "base/clock.h"
#include "tests/lib/turn_schedule.h"
#include "tests/lib/turn_session.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#define MARK 0x5649     /* what the data begins with */
#define UDP_HEADER 8    /* where the data begins for a socket's filter */
#define BURST_MAX 32    /* packets */
#define PACKET_MAX 1400 /* with the channel's header */
#define LATE_US 5000    /* so much behind the schedule, it is moved: no burst makes up for it */

struct turn_load {
    const struct turn_load_client *clients;
    size_t n;
    int peer_fd;
    struct sockaddr_storage *relayed;
    socklen_t relayed_len;
    const struct turn_pattern *pattern;
    struct turn_schedule schedule;
    pthread_t thread;
    bool running, stop;
    uint64_t n_sent;
    uint8_t burst[BURST_MAX * PACKET_MAX]; /* packets of one size, one behind the other */
};

/* ---- counting ---- */

/* Packets that begin with these 16 bits are dropped, and so counted (SK_MEMINFO_DROPS). */
static int sink(int fd, uint16_t first)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, UDP_HEADER),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

static uint64_t dropped(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof(info);

    (void) getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
    return info[SK_MEMINFO_DROPS];
}

uint64_t turn_load_arrived(const struct turn_load *l)
{
    uint64_t n = dropped(l->peer_fd);

    for (size_t i = 0; i < l->n; i++)
        n += dropped(l->clients[i].fd);
    return n;
}

uint64_t turn_load_sent(const struct turn_load *l)
{
    return __atomic_load_n(&l->n_sent, __ATOMIC_RELAXED);
}

static uint64_t drain(int fd)
{
    uint8_t byte;
    uint64_t n = 0;

    while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
        n++;
    return n;
}

uint64_t turn_load_strange(const struct turn_load *l)
{
    uint64_t n = drain(l->peer_fd);

    for (size_t i = 0; i < l->n; i++)
        n += drain(l->clients[i].fd);
    return n;
}

/* ---- sending ---- */

/* A packet of so much data; down: as the peer sends it, without the channel's header. */
static size_t write_packet(uint8_t *p, bool down, size_t size)
{
    struct wr w = wr_init(p, PACKET_MAX);

    if (!down) {
        wr_u16(&w, TURN_CHANNEL);
        wr_u16(&w, (uint16_t) size);
    }
    wr_u16(&w, MARK);
    wr_zero(&w, size - sizeof(uint16_t));
    return wr_len(&w);
}

/* Where a burst goes. */
struct target {
    int fd;
    void *name;
    socklen_t name_len;
};

static struct target target_of(const struct turn_load *l, size_t client, bool down)
{
    if (!down)
        return (struct target){.fd = l->clients[client].fd};
    return (struct target){l->peer_fd, &l->relayed[client], l->relayed_len};
}

static int send_gso(const struct target *t, void *data, size_t len, size_t segment)
{
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))] = {0};
    struct cmsghdr *c = (struct cmsghdr *) control;
    struct iovec iov = {data, len};
    struct msghdr h = {t->name, t->name_len, &iov, 1, control, sizeof(control), 0};
    uint16_t size = (uint16_t) segment;

    c->cmsg_level = SOL_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(size));
    memcpy(CMSG_DATA(c), &size, sizeof(size));
    return sendmsg(t->fd, &h, MSG_DONTWAIT) < 0 ? -1 : 0;
}

/* As of a media server, in one message, or as of a browser: one by one, sizes not quite equal. */
static void send_burst(struct turn_load *l, size_t client, bool down, unsigned n, size_t size,
                       bool equal)
{
    struct target t = target_of(l, client, down);
    struct mmsghdr m[BURST_MAX];
    struct iovec iov[BURST_MAX];
    uint8_t *p = l->burst;
    int sent;

    for (unsigned i = 0; i < n; i++) {
        size_t len = write_packet(p, down, equal || i % 2 ? size : size - 1);

        iov[i] = (struct iovec){p, len};
        m[i].msg_hdr = (struct msghdr){t.name, t.name_len, &iov[i], 1, NULL, 0, 0};
        p += len;
    }
    if (n == 1)
        sent = sendmsg(t.fd, &m[0].msg_hdr, MSG_DONTWAIT) < 0 ? 0 : 1;
    else if (l->pattern->gso && equal)
        sent = send_gso(&t, l->burst, (size_t) (p - l->burst), iov[0].iov_len) < 0 ? 0 : (int) n;
    else
        sent = sendmmsg(t.fd, m, n, MSG_DONTWAIT);
    if (sent > 0)
        __atomic_store_n(&l->n_sent, l->n_sent + (unsigned) sent, __ATOMIC_RELAXED);
}

static void flood(struct turn_load *l)
{
    unsigned n = l->pattern->burst;

    while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED)) {
        for (size_t i = 0; i < l->n; i++) {
            send_burst(l, i, false, n, l->pattern->size, true);
            send_burst(l, i, true, n, l->pattern->size, true);
        }
    }
}

static void sleep_until(uint64_t us)
{
    struct timespec t = {(time_t) (us / 1000000), (long) (us % 1000000) * 1000};

    (void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void follow_schedule(struct turn_load *l)
{
    const struct turn_schedule *s = &l->schedule;
    uint64_t start_us = clock_us();

    for (size_t i = 0; !__atomic_load_n(&l->stop, __ATOMIC_RELAXED); i = (i + 1) % s->n) {
        const struct turn_event *e = &s->events[i];
        uint64_t now_us = clock_us();

        if (now_us < start_us + e->at_us)
            sleep_until(start_us + e->at_us);
        else if (now_us > start_us + e->at_us + LATE_US)
            start_us = now_us - e->at_us;
        send_burst(l, e->client, e->down, e->n, e->size, e->equal);
        if (i + 1 == s->n)
            start_us += s->period_us;
    }
}

static void *run(void *arg)
{
    struct turn_load *l = arg;

    (void) prctl(PR_SET_TIMERSLACK, 1);
    if (l->pattern->kind == TURN_LOAD_FLOOD)
        flood(l);
    else
        follow_schedule(l);
    return NULL;
}

/* ---- its life ---- */

int turn_load_new(const struct turn_load_client *clients, size_t n, int peer_fd,
                  struct turn_load **ret_load)
{
    struct turn_load *l = calloc(1, sizeof(*l));
    int r;

    if (!l)
        return -ENOMEM;
    *l = (struct turn_load){.clients = clients, .n = n, .peer_fd = peer_fd};
    l->relayed = calloc(n, sizeof(l->relayed[0]));
    r = l->relayed ? sink(peer_fd, MARK) : -ENOMEM;
    for (size_t i = 0; i < n && r == 0; i++) {
        l->relayed_len = addr_to_sockaddr(&clients[i].relayed, &l->relayed[i]);
        r = sink(clients[i].fd, TURN_CHANNEL);
    }
    if (r < 0) {
        turn_load_free(l);
        return r;
    }
    *ret_load = l;
    return 0;
}

struct turn_load *turn_load_free(struct turn_load *l)
{
    if (!l)
        return NULL;
    turn_load_stop(l);
    free(l->relayed);
    free(l);
    return NULL;
}

int turn_load_start(struct turn_load *l, const struct turn_pattern *pattern)
{
    int r = 0;

    if (pattern->burst > BURST_MAX || pattern->size + CHANDATA_HEADER_SIZE > PACKET_MAX)
        return -EINVAL;
    l->pattern = pattern;
    l->stop = false;
    if (pattern->kind == TURN_LOAD_PACED)
        r = turn_schedule_even(&l->schedule, l->n, pattern->packets_per_s, pattern->size);
    else if (pattern->kind == TURN_LOAD_MEDIA)
        r = turn_schedule_media(&l->schedule, l->n, pattern->size, pattern->gso);
    if (r == 0)
        r = -pthread_create(&l->thread, NULL, run, l);
    l->running = r == 0;
    return r;
}

void turn_load_stop(struct turn_load *l)
{
    if (!l->running)
        return;
    __atomic_store_n(&l->stop, true, __ATOMIC_RELAXED);
    pthread_join(l->thread, NULL);
    l->running = false;
    turn_schedule_done(&l->schedule);
}
