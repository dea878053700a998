#include "net/udp_out.h"

#include "base/rnd.h"
#include "net/udp_socket.h"

#include <errno.h>
#include <stdlib.h>

#define WAITING_MAX 512      /* datagrams; more are a flush */
#define HEADS_SIZE (1 << 17) /* bytes of their heads */
#define BUCKETS 1024         /* a power of two */
#define SEGMENTS_MAX 64      /* the kernel's UDP_MAX_SEGMENTS, before Linux 6.9 */
#define MESSAGE_MAX 65000
#define NONE UINT16_MAX

struct datagram {
    struct bytes head, body;
    uint16_t next; /* of the same group */
};

/* Datagrams of one socket between the same addresses. */
struct group {
    struct udp_out_socket *socket;
    struct addr to, local;
    uint16_t first, last;    /* datagrams */
    uint16_t next_of_socket; /* group */
    uint16_t next_of_bucket;
    uint16_t bucket;
};

/* What is beside the kernel's header of a message. */
struct message {
    uint16_t first, n; /* its datagrams */
    struct sockaddr_storage to;
    struct udp_control control;
    size_t local_len; /* of control, without the segment size */
};

struct udp_out {
    struct list sockets; /* with datagrams waiting */
    unsigned n_datagrams, n_groups;
    size_t heads_len;
    uint64_t seed;
    struct udp_out_counters counters;
    uint16_t buckets[BUCKETS];
    struct datagram datagrams[WAITING_MAX];
    struct group groups[WAITING_MAX];
    struct mmsghdr headers[WAITING_MAX];
    struct message messages[WAITING_MAX];
    struct iovec parts[2 * WAITING_MAX];
    uint8_t heads[HEADS_SIZE];
};

int udp_out_new(struct udp_out **ret_out)
{
    struct udp_out *o = calloc(1, sizeof(*o));

    if (!o)
        return -ENOMEM;
    list_init(&o->sockets);
    rnd_bytes(&o->seed, sizeof(o->seed));
    memset(o->buckets, 0xff, sizeof(o->buckets)); /* NONE */
    *ret_out = o;
    return 0;
}

struct udp_out *udp_out_free(struct udp_out *o)
{
    free(o);
    return NULL;
}

void udp_out_socket_init(struct udp_out_socket *s, int fd)
{
    *s = (struct udp_out_socket){.fd = fd, .first = NONE, .last = NONE};
    s->gso_max = udp_socket_has_gso(fd) ? UINT16_MAX : 0;
    list_init(&s->node);
}

const struct udp_out_counters *udp_out_counters(const struct udp_out *o)
{
    return &o->counters;
}

/* ---- waiting ---- */

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint16_t bucket_of(const struct udp_out *o, const struct udp_out_socket *s,
                          const struct addr *to)
{
    uint64_t words[sizeof(*to) / sizeof(uint64_t)], h = mix(o->seed, (uintptr_t) s);

    memcpy(words, to, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        h = mix(h, words[i]);
    return (uint16_t) (h >> 40 & (BUCKETS - 1));
}

static bool is_group(const struct group *g, const struct udp_out_socket *s, const struct addr *to,
                     const struct addr *local)
{
    return g->socket == s && addr_eq(&g->to, to) && addr_eq(&g->local, local);
}

static uint16_t find_group(const struct udp_out *o, const struct udp_out_socket *s,
                           const struct addr *to, const struct addr *local, uint16_t bucket)
{
    uint16_t i = o->buckets[bucket];

    while (i != NONE && !is_group(&o->groups[i], s, to, local))
        i = o->groups[i].next_of_bucket;
    return i;
}

static uint16_t add_group(struct udp_out *o, struct udp_out_socket *s, const struct addr *to,
                          const struct addr *local, uint16_t bucket)
{
    uint16_t i = (uint16_t) o->n_groups++;

    o->groups[i] = (struct group){
        .socket = s,
        .to = *to,
        .local = *local,
        .first = NONE,
        .last = NONE,
        .next_of_socket = NONE,
        .next_of_bucket = o->buckets[bucket],
        .bucket = bucket,
    };
    o->buckets[bucket] = i;
    if (s->first == NONE) {
        s->first = i;
        list_append(&o->sockets, &s->node);
    } else {
        o->groups[s->last].next_of_socket = i;
    }
    s->last = i;
    return i;
}

static struct group *group_for(struct udp_out *o, struct udp_out_socket *s, const struct addr *to,
                               const struct addr *local)
{
    uint16_t bucket, i = s->last;

    if (i != NONE && is_group(&o->groups[i], s, to, local))
        return &o->groups[i];
    bucket = bucket_of(o, s, to);
    i = find_group(o, s, to, local, bucket);
    return &o->groups[i != NONE ? i : add_group(o, s, to, local, bucket)];
}

static struct bytes keep_head(struct udp_out *o, struct bytes head)
{
    uint8_t *at = o->heads + o->heads_len;

    if (head.len > 0)
        memcpy(at, head.p, head.len);
    o->heads_len += head.len;
    return bytes_of(at, head.len);
}

void udp_out_send(struct udp_out *o, struct udp_out_socket *s, const struct addr *to,
                  const struct addr *local, struct bytes head, struct bytes body)
{
    static const struct addr any;
    struct group *g;
    uint16_t i;

    if (head.len > UINT16_MAX || body.len > UINT16_MAX - head.len) {
        o->counters.lost++;
        return;
    }
    if (o->n_datagrams == WAITING_MAX || head.len > HEADS_SIZE - o->heads_len)
        udp_out_flush(o);
    g = group_for(o, s, to, local ? local : &any);
    i = (uint16_t) o->n_datagrams++;
    o->datagrams[i] = (struct datagram){keep_head(o, head), body, NONE};
    if (g->first == NONE)
        g->first = i;
    else
        o->datagrams[g->last].next = i;
    g->last = i;
}

/* ---- leaving ---- */

static size_t size_of(const struct datagram *d)
{
    return d->head.len + d->body.len;
}

/* May `next` be a segment of the message that began with `first` and is so long already? */
static bool fits(const struct udp_out_socket *s, const struct datagram *first,
                 const struct datagram *last, const struct datagram *next, unsigned n, size_t len)
{
    size_t size = size_of(first);

    return n < SEGMENTS_MAX && size > 0 && size <= s->gso_max && size_of(last) == size &&
           size_of(next) > 0 && size_of(next) <= size && len + size_of(next) <= MESSAGE_MAX;
}

static void put_part(struct msghdr *h, struct bytes b)
{
    if (b.len > 0)
        h->msg_iov[h->msg_iovlen++] = (struct iovec){(void *) b.p, b.len};
}

/* Begins message m: addresses, and no data yet. */
static struct msghdr *begin_message(struct udp_out *o, unsigned m, const struct group *g,
                                    struct iovec *parts)
{
    struct message *message = &o->messages[m];
    struct msghdr *h = &o->headers[m].msg_hdr;

    message->local_len =
        udp_control_put_local(&message->control, 0, &g->local, g->local.family == AF_INET6);
    *h = (struct msghdr){
        .msg_name = &message->to,
        .msg_namelen = addr_to_sockaddr(&g->to, &message->to),
        .msg_iov = parts,
        .msg_control = message->control.bytes,
        .msg_controllen = message->local_len,
    };
    return h;
}

/* Puts a run of datagrams, from i on, into message m; returns the first that is not in it. */
static uint16_t put_run(struct udp_out *o, unsigned m, const struct group *g, uint16_t i,
                        struct iovec *parts)
{
    const struct datagram *first = &o->datagrams[i], *d = first;
    struct msghdr *h = begin_message(o, m, g, parts);
    struct message *message = &o->messages[m];
    size_t len = 0;
    unsigned n = 0;

    message->first = i;
    for (;;) {
        put_part(h, d->head);
        put_part(h, d->body);
        len += size_of(d);
        n++;
        i = d->next;
        if (i == NONE || !fits(g->socket, first, d, &o->datagrams[i], n, len))
            break;
        d = &o->datagrams[i];
    }
    if (n > 1)
        h->msg_controllen = udp_control_put_segment(&message->control, message->local_len,
                                                    (uint16_t) size_of(first));
    message->n = (uint16_t) n;
    return i;
}

/* All that waits at the socket as messages; returns how many. */
static unsigned put_messages(struct udp_out *o, const struct udp_out_socket *s)
{
    struct iovec *parts = o->parts;
    unsigned n = 0;

    for (uint16_t g = s->first; g != NONE; g = o->groups[g].next_of_socket) {
        uint16_t i = o->groups[g].first;

        while (i != NONE) {
            i = put_run(o, n, &o->groups[g], i, parts);
            parts += o->headers[n].msg_hdr.msg_iovlen;
            n++;
        }
    }
    return n;
}

static bool send_one(struct udp_out *o, const struct udp_out_socket *s, const struct msghdr *h)
{
    o->counters.calls++;
    if (sendmsg(s->fd, h, MSG_NOSIGNAL) >= 0)
        return true;
    if (udp_send_error_of(errno) == UDP_SEND_FULL)
        return false;
    o->counters.calls++;
    return sendmsg(s->fd, h, MSG_NOSIGNAL) >= 0; /* the error may be an earlier datagram's (ICMP) */
}

/* The datagrams of message m one by one; returns how many the kernel took. */
static unsigned send_singly(struct udp_out *o, const struct udp_out_socket *s, unsigned m)
{
    const struct message *message = &o->messages[m];
    struct msghdr h = o->headers[m].msg_hdr;
    uint16_t i = message->first;
    unsigned n_sent = 0;

    h.msg_controllen = message->local_len;
    for (unsigned n = 0; n < message->n; n++) {
        struct iovec parts[2];

        h.msg_iov = parts;
        h.msg_iovlen = 0;
        put_part(&h, o->datagrams[i].head);
        put_part(&h, o->datagrams[i].body);
        n_sent += send_one(o, s, &h);
        i = o->datagrams[i].next;
    }
    o->counters.messages += n_sent;
    o->counters.packets += n_sent;
    o->counters.lost += message->n - n_sent;
    return n_sent;
}

/* The kernel did not take message m, and would not again. */
static void on_refused(struct udp_out *o, struct udp_out_socket *s, unsigned m,
                       enum udp_send_error error)
{
    const struct message *message = &o->messages[m];
    size_t size = size_of(&o->datagrams[message->first]);

    if (message->n == 1 || error == UDP_SEND_REFUSED)
        o->counters.lost += message->n;
    else if (send_singly(o, s, m) > 0)
        s->gso_max = error == UDP_SEND_NO_GSO ? 0 : (uint16_t) (size - 1);
}

static void count_sent(struct udp_out *o, unsigned from, unsigned to)
{
    for (unsigned m = from; m < to; m++)
        o->counters.packets += o->messages[m].n;
    o->counters.messages += to - from;
}

static void count_lost(struct udp_out *o, unsigned from, unsigned to)
{
    for (unsigned m = from; m < to; m++)
        o->counters.lost += o->messages[m].n;
}

static void send_messages(struct udp_out *o, struct udp_out_socket *s, unsigned n)
{
    unsigned done = 0, n_tries = 0; /* of the message that is next */

    while (done < n) {
        int r = sendmmsg(s->fd, o->headers + done, n - done, MSG_NOSIGNAL);
        enum udp_send_error error = r < 0 ? udp_send_error_of(errno) : UDP_SEND_REFUSED;

        o->counters.calls++;
        if (r > 0) {
            count_sent(o, done, done + (unsigned) r);
            done += (unsigned) r;
            n_tries = 0;
        } else if (error == UDP_SEND_FULL) {
            count_lost(o, done, n);
            return;
        } else if (n_tries == 0) {
            n_tries++; /* the error may be an earlier datagram's (ICMP) */
        } else {
            on_refused(o, s, done, error);
            done++;
            n_tries = 0;
        }
    }
}

/* Nothing waits any more. */
static void reset(struct udp_out *o)
{
    for (unsigned i = 0; i < o->n_groups; i++)
        o->buckets[o->groups[i].bucket] = NONE;
    o->n_groups = o->n_datagrams = 0;
    o->heads_len = 0;
}

static void flush_socket(struct udp_out *o, struct udp_out_socket *s)
{
    send_messages(o, s, put_messages(o, s));
    for (uint16_t g = s->first; g != NONE; g = o->groups[g].next_of_socket)
        o->groups[g].socket = NULL; /* not to be found again */
    list_del(&s->node);
    s->first = s->last = NONE;
}

void udp_out_socket_flush(struct udp_out *o, struct udp_out_socket *s)
{
    if (!s->node.next || list_empty(&s->node))
        return;
    flush_socket(o, s);
    if (list_empty(&o->sockets))
        reset(o);
}

void udp_out_flush(struct udp_out *o)
{
    struct udp_out_socket *s;

    if (list_empty(&o->sockets))
        return;
    while ((s = list_first(&o->sockets, struct udp_out_socket, node)))
        flush_socket(o, s);
    reset(o);
}
