#include "tests/lib/cable.h"

#include "base/clock.h"
#include "base/list.h"
#include "tests/lib/chance.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Checksums that are still to be made. */
#define HEADER_SIZE ((ssize_t) sizeof(struct virtio_net_hdr))
#define FRAME_MAX 4096
#define FRAMES 8192 /* on their way; more are lost */
#define BUFFER_SIZE (4 << 20)

struct frame {
    struct list node;
    uint64_t due_us;
    size_t len;
    uint8_t data[FRAME_MAX];
};

/* One direction: what came by `from` leaves by `to`. */
struct direction {
    int from, to;
    struct list queue; /* by due_us */
};

static struct frame *frames;
static struct list unused;
static struct chance dice;

/* ---- the kernel's ---- */

static bool command(const char *text)
{
    return system(text) == 0; /* NOLINT(cert-env33-c): of the callers' constants and names */
}

static bool start_netem(const char *interface, const struct cable *c)
{
    char text[256];

    snprintf(text, sizeof(text),
             "tc qdisc add dev %s root netem limit 100000 delay %ums %ums loss %u.%u%% "
             "reorder %u.%u%% 2>/dev/null",
             interface, c->delay_ms, c->jitter_ms, c->loss_permille / 10, c->loss_permille % 10,
             c->reorder_permille / 10, c->reorder_permille % 10);
    return command(text);
}

static void stop_netem(const char *interface)
{
    char text[256];

    snprintf(text, sizeof(text), "tc qdisc del dev %s root 2>/dev/null", interface);
    (void) command(text);
}

static bool join_kernel(const char *a, const char *b)
{
    char text[256];

    snprintf(
        text, sizeof(text),
        "ip link add cable type bridge && ip link set %s master cable && ip link set %s master "
        "cable && ip link set cable up",
        a, b);
    return command(text);
}

/* All of it or none: ours would come on top of a half. */
static bool start_kernel(const char *a, const char *b, const struct cable *c)
{
    if (start_netem(a, c) && start_netem(b, c) && join_kernel(a, b))
        return true;
    stop_netem(a);
    stop_netem(b);
    (void) command("ip link del cable 2>/dev/null");
    return false;
}

/* ---- ours ---- */

/* Whole frames as the kernel has them, with what it has put off. */
static int open_interface(const char *name)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1, size = BUFFER_SIZE;

    at.sll_ifindex = (int) if_nametoindex(name);
    if (fd < 0 || at.sll_ifindex == 0)
        return -errno;
    if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *) &at, sizeof(at)) < 0)
        return -errno;
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
    return fd;
}

static bool is_ip(const struct frame *f)
{
    const uint8_t *type = f->data + HEADER_SIZE + 12;

    return type[0] != 0x08 || type[1] != 0x06;
}

static uint64_t delay_us(const struct cable *c)
{
    uint64_t jitter_us = (uint64_t) c->jitter_ms * 1000;
    uint64_t us = (uint64_t) c->delay_ms * 1000;

    if (jitter_us == 0)
        return us;
    us += chance_below(&dice, (unsigned) (2 * jitter_us));
    return us > jitter_us ? us - jitter_us : 0;
}

static void enqueue(struct direction *d, struct frame *f)
{
    struct list *at = &d->queue;

    while (at->prev != &d->queue && container_of(at->prev, struct frame, node)->due_us > f->due_us)
        at = at->prev;
    list_append(at, &f->node);
}

static void receive(struct direction *d, const struct cable *c, uint64_t now_us)
{
    static struct frame lost;

    for (;;) {
        struct frame *f = list_first(&unused, struct frame, node);
        ssize_t n = recv(d->from, f ? f->data : lost.data, FRAME_MAX, MSG_TRUNC);

        if (n < 0)
            return;
        if (!f || n < HEADER_SIZE + ETH_HLEN || n > FRAME_MAX ||
            (is_ip(f) && chance_below(&dice, 1000) < c->loss_permille))
            continue;
        f->len = (size_t) n;
        f->due_us = now_us;
        if (is_ip(f) && chance_below(&dice, 1000) >= c->reorder_permille)
            f->due_us += delay_us(c);
        list_del(&f->node);
        enqueue(d, f);
    }
}

/* Returns when the next one is due. */
static uint64_t deliver(struct direction *d, uint64_t now_us)
{
    struct frame *f;

    while ((f = list_first(&d->queue, struct frame, node)) && f->due_us <= now_us) {
        (void) send(d->to, f->data, f->len, 0); /* what does not fit is lost, as on any cable */
        list_del(&f->node);
        list_append(&unused, &f->node);
    }
    return f ? f->due_us : UINT64_MAX;
}

static int relay(struct direction d[static 2], const struct cable *c)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = d[0].from, .events = POLLIN},
                                {.fd = d[1].from, .events = POLLIN}};
        uint64_t now_us = clock_us(), next_us = UINT64_MAX;
        struct timespec wait;

        for (unsigned i = 0; i < 2; i++) {
            uint64_t due_us;

            receive(&d[i], c, now_us);
            due_us = deliver(&d[i], now_us);
            next_us = due_us < next_us ? due_us : next_us;
        }
        now_us = clock_us();
        next_us = next_us > now_us ? next_us - now_us : 0;
        wait = (struct timespec){.tv_sec = 1};
        if (next_us < 1000000)
            wait = (struct timespec){.tv_nsec = (long) next_us * 1000};
        if (ppoll(fds, 2, &wait, NULL) < 0 && errno != EINTR)
            return -errno;
    }
}

int cable_run(const char *a, const char *b, const struct cable *c)
{
    struct direction d[2];
    int fd_a, fd_b;

    if (start_kernel(a, b, c)) {
        for (;;)
            pause();
    }
    frames = calloc(FRAMES, sizeof(*frames));
    fd_a = open_interface(a);
    fd_b = open_interface(b);
    if (!frames || fd_a < 0 || fd_b < 0)
        return !frames ? -ENOMEM : fd_a < 0 ? fd_a : fd_b;
    list_init(&unused);
    for (size_t i = 0; i < FRAMES; i++)
        list_append(&unused, &frames[i].node);
    d[0] = (struct direction){.from = fd_a, .to = fd_b};
    d[1] = (struct direction){.from = fd_b, .to = fd_a};
    list_init(&d[0].queue);
    list_init(&d[1].queue);
    return relay(d, c);
}

/* ---- words ---- */

bool cable_parse(char *const words[], int n, struct cable *ret)
{
    struct cable c = {.loss_permille = 0};
    const struct {
        const char *name;
        unsigned *value, factor;
    } table[] = {
        {"loss", &c.loss_permille, 10},
        {"delay", &c.delay_ms, 1},
        {"jitter", &c.jitter_ms, 1},
        {"reorder", &c.reorder_permille, 10},
    };

    for (int i = 0; i < n; i += 2) {
        size_t k = 0;
        char *end;
        double value;

        while (k < sizeof(table) / sizeof(table[0]) && strcmp(table[k].name, words[i]) != 0)
            k++;
        if (k == sizeof(table) / sizeof(table[0]) || i + 1 == n)
            return false;
        value = strtod(words[i + 1], &end);
        if (*end || value < 0 || value * table[k].factor > 100000)
            return false;
        *table[k].value = (unsigned) (value * table[k].factor + 0.5);
    }
    *ret = c;
    return true;
}
