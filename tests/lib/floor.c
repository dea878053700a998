#include "tests/lib/floor.h"

#include "rtc/rtp_gcm.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define BATCH 32 /* so that they all fit one message of UDP_SEGMENT */
#define DATAGRAM_MAX 1500
#define OUT_MAX 1024
#define HEADER_SIZE 12 /* of the datagram, not encrypted */

struct destination {
    struct sockaddr_storage to;
    socklen_t len;
    struct rtp_gcm *gcm;
};

struct group {
    struct destination *destinations;
    size_t n;
    struct rtp_gcm *gcm;
};

struct control {
    _Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
};

struct floor {
    const struct floor_config *config;
    struct group *by_port[UINT16_MAX + 1];
    uint64_t index; /* of GCM: never the same twice */

    struct mmsghdr in[BATCH];
    struct iovec in_iov[BATCH];
    struct sockaddr_in in_from[BATCH];
    uint8_t in_bytes[BATCH][DATAGRAM_MAX];

    struct mmsghdr out[OUT_MAX];
    struct iovec out_iov[OUT_MAX];
    struct control out_control[OUT_MAX];
    uint8_t out_bytes[OUT_MAX][DATAGRAM_MAX];
    unsigned n_messages, n_iov;
};

/* ---- out ---- */

static void seal(struct floor *f, struct rtp_gcm *gcm, const uint8_t *in, size_t len, uint8_t *out)
{
    struct rtp_gcm_packet p = {.index = f->index++, .header = bytes_of(in, HEADER_SIZE)};

    if (len < HEADER_SIZE + RTP_GCM_TAG_SIZE)
        abort();
    memcpy(out, in, HEADER_SIZE);
    if (rtp_gcm_seal(gcm, &p, bytes_of(in + HEADER_SIZE, len - HEADER_SIZE - RTP_GCM_TAG_SIZE),
                     out + HEADER_SIZE) < 0)
        abort();
}

static void flush(struct floor *f)
{
    unsigned done = 0;

    while (done < f->n_messages) {
        int n = sendmmsg(f->config->fd, f->out + done, f->n_messages - done, 0);

        done += n > 0 ? (unsigned) n : 1;
    }
    f->n_messages = f->n_iov = 0;
}

/* Datagrams first .. first + n - 1, of one size, in one message. */
static void put_message(struct floor *f, const struct destination *d, unsigned first, unsigned n)
{
    struct msghdr *h = &f->out[f->n_messages].msg_hdr;
    struct control *control = &f->out_control[f->n_messages++];
    struct iovec *iov = &f->out_iov[f->n_iov];

    for (unsigned i = 0; i < n; i++) {
        size_t len = f->in[first + i].msg_len;

        iov[i] = (struct iovec){f->in_bytes[first + i], len};
        if (f->config->mode == FLOOR_GCM) {
            seal(f, d->gcm, f->in_bytes[first + i], len, f->out_bytes[f->n_iov]);
            iov[i].iov_base = f->out_bytes[f->n_iov];
        }
        f->n_iov++;
    }
    *h = (struct msghdr){
        .msg_name = (void *) &d->to, .msg_namelen = d->len, .msg_iov = iov, .msg_iovlen = n};
    if (n > 1) {
        struct cmsghdr *c = (struct cmsghdr *) control->bytes;
        uint16_t size = (uint16_t) iov[0].iov_len;

        c->cmsg_level = SOL_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof(size));
        memcpy(CMSG_DATA(c), &size, sizeof(size));
        h->msg_control = control;
        h->msg_controllen = sizeof(*control);
    }
}

static void forward(struct floor *f, struct group *g, unsigned first, unsigned n)
{
    if (f->n_iov == OUT_MAX)
        flush(f);
    for (unsigned i = 0; f->config->mode == FLOOR_GCM && i < n; i++) /* in place of opening it */
        seal(f, g->gcm, f->in_bytes[first + i], f->in[first + i].msg_len, f->out_bytes[f->n_iov]);
    for (size_t i = 0; i < g->n; i++) {
        if (f->n_messages == OUT_MAX || f->n_iov + n > OUT_MAX)
            flush(f);
        put_message(f, &g->destinations[i], first, n);
    }
}

/* ---- in ---- */

static struct group *group_of(const struct floor *f, const struct sockaddr_in *from)
{
    return f->by_port[ntohs(from->sin_port)];
}

/* How many from this one on come from the same port in the same size. */
static unsigned run_length(const struct floor *f, unsigned first, unsigned end)
{
    unsigned n = 1;

    if (f->config->mode < FLOOR_GSO)
        return 1;
    while (first + n < end && f->in[first + n].msg_len == f->in[first].msg_len &&
           f->in_from[first + n].sin_port == f->in_from[first].sin_port)
        n++;
    return n;
}

static void run_batched(struct floor *f)
{
    for (unsigned i = 0; i < BATCH; i++) {
        f->in_iov[i] = (struct iovec){f->in_bytes[i], DATAGRAM_MAX};
        f->in[i].msg_hdr =
            (struct msghdr){.msg_name = &f->in_from[i], .msg_iov = &f->in_iov[i], .msg_iovlen = 1};
    }
    for (;;) {
        int n;

        for (unsigned i = 0; i < BATCH; i++)
            f->in[i].msg_hdr.msg_namelen = sizeof(f->in_from[i]);
        n = recvmmsg(f->config->fd, f->in, BATCH, MSG_WAITFORONE, NULL);
        for (unsigned i = 0; n > 0 && i < (unsigned) n;) {
            unsigned run = run_length(f, i, (unsigned) n);
            struct group *g = group_of(f, &f->in_from[i]);

            if (g)
                forward(f, g, i, run);
            i += run;
        }
        flush(f);
    }
}

static void run_single(struct floor *f)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    bool seals = f->config->mode == FLOOR_SINGLE_GCM;
    uint8_t *in = f->in_bytes[0], *out = seals ? f->out_bytes[0] : in;

    for (;;) {
        socklen_t from_len = sizeof(from);
        ssize_t len =
            recvfrom(f->config->fd, in, DATAGRAM_MAX, 0, (struct sockaddr *) &from, &from_len);
        const struct group *g = len > 0 ? group_of(f, &from) : NULL;

        if (g && seals) /* in place of opening it */
            seal(f, g->gcm, in, (size_t) len, out);
        for (size_t i = 0; g && i < g->n; i++) {
            const struct destination *d = &g->destinations[i];

            if (seals)
                seal(f, d->gcm, in, (size_t) len, out);
            (void) sendto(f->config->fd, out, (size_t) len, 0, (const struct sockaddr *) &d->to,
                          d->len);
        }
    }
}

/* ---- start ---- */

static struct rtp_gcm *new_gcm(void)
{
    static const uint8_t key[RTP_GCM_KEY_SIZE], salt[RTP_GCM_SALT_SIZE];
    struct rtp_gcm *g;

    if (rtp_gcm_new(key, salt, true, &g) < 0)
        abort();
    return g;
}

static void add_group(struct floor *f, const struct floor_group *from)
{
    struct group *g = calloc(1, sizeof(*g));

    if (!g)
        abort();
    g->n = from->n;
    g->gcm = new_gcm();
    g->destinations = calloc(from->n, sizeof(struct destination));
    for (size_t i = 0; g->destinations && i < from->n; i++) {
        g->destinations[i].len = addr_to_sockaddr(&from->to[i], &g->destinations[i].to);
        g->destinations[i].gcm = new_gcm();
    }
    f->by_port[from->from_port] = g;
}

int floor_run(void *arg)
{
    const struct floor_config *c = arg;
    struct floor *f = calloc(1, sizeof(*f));

    if (!f)
        return EXIT_FAILURE;
    f->config = c;
    for (size_t i = 0; i < c->n_groups; i++)
        add_group(f, &c->groups[i]);
    if (c->mode == FLOOR_SINGLE || c->mode == FLOOR_SINGLE_GCM)
        run_single(f);
    else
        run_batched(f);
    return EXIT_SUCCESS;
}
