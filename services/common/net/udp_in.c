#include "net/udp_in.h"

#include "net/udp_socket.h"

#include <errno.h>
#include <stdlib.h>

/* What a coalesced message can be at most. Only pages that were written to cost memory. */
#define MESSAGE_MAX 65536
/* The slots begin at different lines of the processor's caches. */
#define SLOT_STRIDE (MESSAGE_MAX + 1088)

struct udp_in {
    struct mmsghdr headers[UDP_IN_SLOTS];
    struct iovec parts[UDP_IN_SLOTS];
    struct sockaddr_in6 names[UDP_IN_SLOTS]; /* large enough for IPv4 */
    struct udp_control controls[UDP_IN_SLOTS];
    unsigned n_used; /* slots in use */
    unsigned next;   /* of them, the first that udp_in_next() has not begun */
    size_t at;       /* in the message begun: the next packet; 0: none begun */
    size_t segment;  /* in the message begun: the size of its packets, 0: one */
    struct addr from, local;
    uint8_t *slots;
};

/* These fields say what the kernel may write, and then what it wrote. */
static void expect(struct udp_in *in, unsigned i)
{
    in->headers[i].msg_hdr.msg_namelen = sizeof(in->names[i]);
    in->headers[i].msg_hdr.msg_controllen = sizeof(in->controls[i]);
}

int udp_in_new(struct udp_in **ret_in)
{
    struct udp_in *in = calloc(1, sizeof(*in));

    if (!in)
        return -ENOMEM;
    in->slots = calloc(UDP_IN_SLOTS, SLOT_STRIDE);
    if (!in->slots) {
        free(in);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < UDP_IN_SLOTS; i++) {
        in->parts[i] = (struct iovec){in->slots + (size_t) i * SLOT_STRIDE, MESSAGE_MAX};
        in->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &in->names[i],
            .msg_iov = &in->parts[i],
            .msg_iovlen = 1,
            .msg_control = &in->controls[i],
        };
        expect(in, i);
    }
    *ret_in = in;
    return 0;
}

struct udp_in *udp_in_free(struct udp_in *in)
{
    if (in)
        free(in->slots);
    free(in);
    return NULL;
}

unsigned udp_in_room(const struct udp_in *in)
{
    return UDP_IN_SLOTS - in->n_used;
}

int udp_in_receive(struct udp_in *in, int fd)
{
    struct mmsghdr *first = &in->headers[in->n_used];
    unsigned room = udp_in_room(in);
    int n;

    in->next = in->n_used;
    in->at = 0;
    do {
        n = recvmmsg(fd, first, room, 0, NULL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    in->n_used += (unsigned) n;
    return n;
}

/* The next message, when it has a sender and is whole. */
static bool begin_message(struct udp_in *in)
{
    const struct msghdr *h = &in->headers[in->next].msg_hdr;

    if (h->msg_flags & MSG_TRUNC || addr_from_sockaddr(h->msg_name, h->msg_namelen, &in->from) < 0)
        return false;
    udp_control_read(h, &in->local, &in->segment);
    return true;
}

bool udp_in_next(struct udp_in *in, struct udp_packet *ret)
{
    const struct mmsghdr *m;
    size_t left;

    while (in->at == 0) {
        if (in->next == in->n_used)
            return false;
        if (begin_message(in))
            break;
        in->next++;
    }
    m = &in->headers[in->next];
    left = m->msg_len - in->at;
    *ret = (struct udp_packet){
        .from = in->from,
        .local = in->local,
        .data = (uint8_t *) m->msg_hdr.msg_iov->iov_base + in->at,
        .len = in->segment > 0 && in->segment < left ? in->segment : left,
    };
    in->at += ret->len;
    if (in->at >= m->msg_len) {
        in->at = 0;
        in->next++;
    }
    return true;
}

void udp_in_release(struct udp_in *in)
{
    for (unsigned i = 0; i < in->n_used; i++)
        expect(in, i);
    in->n_used = in->next = 0;
    in->at = 0;
}
