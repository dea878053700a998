#include "media/udp.h"

#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a kernel that finds out late that it cannot do it ---- */

static int refuse_runs; /* with this error; 0: not at all */

static bool is_run(const struct msghdr *h)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR((struct msghdr *) h, c)) {
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_SEGMENT)
            return true;
    }
    return false;
}

/* In place of libc's: up to the first that fails, whose error is told only when it is the first. */
int sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    unsigned i = 0;

    while (i < n && !(refuse_runs && is_run(&messages[i].msg_hdr)))
        i++;
    if (i == 0 && n > 0) {
        errno = refuse_runs;
        return -1;
    }
    return (int) syscall(SYS_sendmmsg, fd, messages, i, flags);
}

/* ---- two ends ---- */

struct box {
    unsigned n;
    size_t len[UDP_SLOTS];
    uint8_t first[UDP_SLOTS];
    struct addr from, to;
};

static void on_datagram(struct udp_datagram *d, void *arg)
{
    struct box *b = arg;

    assert_true(b->n < UDP_SLOTS);
    b->len[b->n] = d->len;
    b->first[b->n] = d->p[0];
    b->from = d->from;
    b->to = d->to;
    b->n++;
}

/* Until n datagrams are there. */
static void receive(struct udp *u, unsigned n, struct box *b)
{
    struct pollfd p = {.fd = udp_fd(u), .events = POLLIN};
    bool more;

    memset(b, 0, sizeof(*b));
    while (b->n < n) {
        assert_int_equal(poll(&p, 1, 5000), 1);
        (void) udp_receive(u, on_datagram, b, &more);
    }
}

struct ends {
    struct udp *a, *b;
    struct addr to_b, from_a;
    struct udp_path path;
};

static void open_ends(struct ends *e, const char *ip)
{
    memset(e, 0, sizeof(*e));
    assert_int_equal(udp_new(0, &e->a), 0);
    assert_int_equal(udp_new(0, &e->b), 0);
    assert_int_equal(addr_parse_ip(ip, udp_port(e->b), &e->to_b), 0);
    assert_int_equal(addr_parse_ip(ip, 0, &e->from_a), 0);
    udp_path_set(e->a, &e->path, &e->to_b, &e->from_a);
}

static void close_ends(struct ends *e)
{
    udp_path_clear(e->a, &e->path);
    udp_free(e->a);
    udp_free(e->b);
}

static void queue(struct ends *e, size_t len, uint8_t first)
{
    uint8_t *room = udp_reserve(e->a, 1);

    memset(room, first, len);
    udp_commit(e->a, &e->path, room, len);
}

#define RUN 5
#define RUN_SIZE 900

/* They arrive, in their order, behind so many that wait already. */
static void send_run(struct ends *e, unsigned n_before)
{
    struct box b;

    for (unsigned i = 0; i < RUN; i++)
        queue(e, RUN_SIZE, (uint8_t) (10 + i));
    udp_flush(e->a);
    receive(e->b, n_before + RUN, &b);
    for (unsigned i = 0; i < RUN; i++) {
        assert_int_equal(b.len[n_before + i], RUN_SIZE);
        assert_int_equal(b.first[n_before + i], 10 + i);
    }
}

static void runs_of_equal_size_arrive_in_order(void **state)
{
    static const size_t lens[] = {900, 900, 900, 500, 900, 901, 901, 20};
    struct ends e;
    struct box b;

    (void) state;
    open_ends(&e, "127.0.0.1");
    for (unsigned i = 0; i < 8; i++)
        queue(&e, lens[i], (uint8_t) i);
    udp_flush(e.a);
    receive(e.b, 8, &b);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(b.len[i], lens[i]);
        assert_int_equal(b.first[i], i);
    }
    assert_int_equal(udp_counters(e.a)->packets_out, 8);
    if (udp_uses_gso(e.a)) /* 900 900 900 500 | 900 | 901 901 20 */
        assert_int_equal(udp_counters(e.a)->messages_out, 3);
    assert_int_equal(udp_counters(e.b)->packets_in, 8);
    close_ends(&e);
}

static void rooms_are_passed_over(void **state)
{
    struct ends e;
    struct box b;
    uint8_t *rooms;

    (void) state;
    open_ends(&e, "127.0.0.1");
    for (unsigned round = 0; round < UDP_SLOTS; round++) { /* the slab is full more than once */
        rooms = udp_reserve(e.a, 4);
        memset(rooms + UDP_ROOM_SIZE, 1, 100);
        memset(rooms + 3 * UDP_ROOM_SIZE, 3, UDP_DATAGRAM_MAX);
        udp_commit(e.a, &e.path, rooms + UDP_ROOM_SIZE, 100);
        udp_commit(e.a, &e.path, rooms + 3 * UDP_ROOM_SIZE, UDP_DATAGRAM_MAX);
        if (round % 32 < 31)
            continue;
        udp_flush(e.a);
        receive(e.b, 64, &b);
        assert_int_equal(b.n, 64);
        for (unsigned i = 0; i < 64; i++) {
            assert_int_equal(b.len[i], i % 2 ? UDP_DATAGRAM_MAX : 100);
            assert_int_equal(b.first[i], i % 2 ? 3 : 1);
        }
    }
    close_ends(&e);
}

/* Where the kernel puts several datagrams of a sender into one message, they come apart here. */
static void coalesced_ones_come_one_by_one(void **state)
{
    struct ends e;
    struct box b;
    struct pollfd p;
    bool more;

    (void) state;
    open_ends(&e, "127.0.0.1");
    for (unsigned i = 0; i < UDP_SEGMENTS_MAX; i++)
        queue(&e, i + 1 < UDP_SEGMENTS_MAX ? 900 : 20, (uint8_t) i);
    udp_flush(e.a);
    p = (struct pollfd){.fd = udp_fd(e.b), .events = POLLIN};
    memset(&b, 0, sizeof(b));
    assert_int_equal(poll(&p, 1, 5000), 1);
    if (udp_receive(e.b, on_datagram, &b, &more) != 1) {
        close_ends(&e);
        skip();
    }
    assert_false(more);
    assert_int_equal(b.n, UDP_SEGMENTS_MAX);
    for (unsigned i = 0; i < UDP_SEGMENTS_MAX; i++) {
        assert_int_equal(b.len[i], i + 1 < UDP_SEGMENTS_MAX ? 900 : 20);
        assert_int_equal(b.first[i], i);
    }
    assert_int_equal(udp_counters(e.b)->packets_in, UDP_SEGMENTS_MAX);
    close_ends(&e);
}

static void both_ends_of_a_datagram_are_told(void **state)
{
    struct ends e;
    struct box b;

    (void) state;
    open_ends(&e, "127.0.0.3");
    queue(&e, 10, 1);
    udp_flush(e.a);
    receive(e.b, 1, &b);
    assert_true(addr_ip_eq(&b.from, &e.from_a)); /* not 127.0.0.1, which routing would choose */
    assert_int_equal(b.from.port, udp_port(e.a));
    assert_true(addr_eq(&b.to, &e.to_b));
    close_ends(&e);
}

static void ipv6_goes_through_the_same_socket(void **state)
{
    struct ends e;
    struct box b;

    (void) state;
    open_ends(&e, "::1");
    if (!udp_has_ipv6(e.a)) {
        close_ends(&e);
        skip();
    }
    queue(&e, 10, 1);
    udp_flush(e.a);
    receive(e.b, 1, &b);
    assert_int_equal(b.from.family, AF_INET6);
    assert_true(addr_eq(&b.to, &e.to_b));
    close_ends(&e);
}

static void a_full_slab_flushes_itself(void **state)
{
    struct ends e;
    struct box b;

    (void) state;
    open_ends(&e, "127.0.0.1");
    for (unsigned i = 0; i < UDP_SLOTS + 1; i++)
        queue(&e, 10, 1);
    assert_int_equal(udp_counters(e.a)->packets_out, UDP_SLOTS);
    receive(e.b, 1, &b);
    close_ends(&e); /* the last one is dropped with its path */
}

static void single_datagrams_and_cleared_paths(void **state)
{
    struct ends e;
    struct box b;

    (void) state;
    open_ends(&e, "127.0.0.1");
    queue(&e, 10, 1);
    udp_path_clear(e.a, &e.path);
    for (unsigned i = 0; i < 100; i++)
        udp_send_to(e.a, &e.to_b, &e.from_a, bytes_str("single"));
    udp_flush(e.a);
    receive(e.b, 100, &b);
    assert_int_equal(b.n, 100);
    assert_int_equal(b.len[0], 6);
    udp_commit(e.a, &e.path, udp_reserve(e.a, 1), 10); /* a path that leads nowhere */
    udp_flush(e.a);
    assert_int_equal(udp_counters(e.a)->packets_out, 100);
    close_ends(&e);
}

static void a_destination_that_fails_does_not_stop_others(void **state)
{
    struct udp_path bad = {.queued = false};
    struct addr nowhere;
    struct ends e;
    struct box b;

    (void) state;
    open_ends(&e, "127.0.0.1");
    assert_int_equal(addr_parse_ip("255.255.255.255", 9, &nowhere), 0); /* needs SO_BROADCAST */
    udp_path_set(e.a, &bad, &nowhere, &(struct addr){.family = 0});
    udp_commit(e.a, &bad, udp_reserve(e.a, 1), 100);
    queue(&e, 10, 1);
    udp_flush(e.a);
    receive(e.b, 1, &b);
    assert_int_equal(udp_counters(e.a)->dropped_out, 1);
    udp_path_clear(e.a, &bad);
    close_ends(&e);
}

static void a_port_that_is_taken(void **state)
{
    struct udp *a, *b;

    (void) state;
    assert_int_equal(udp_new(0, &a), 0);
    assert_int_equal(udp_new(udp_port(a), &b), -EADDRINUSE);
    udp_free(a);
    assert_null(udp_free(NULL));
}

/* Nothing is lost by it, and the kernel is not asked again: for any path, or for this one alone
 * when what was too long may fit elsewhere. */
static void a_run_that_is_refused_goes_singly(void **state)
{
    static const struct {
        int error;
        bool elsewhere; /* runs go on there */
    } rows[] = {{EIO, false}, {EOPNOTSUPP, false}, {EMSGSIZE, true}, {EINVAL, true}};

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct udp_counters *c;
        struct ends e;
        bool gso;

        open_ends(&e, "127.0.0.1");
        gso = udp_uses_gso(e.a);
        c = udp_counters(e.a);
        queue(&e, 20, 0);
        refuse_runs = rows[i].error;
        send_run(&e, 1);
        refuse_runs = 0;
        assert_int_equal(c->dropped_out, 0);
        assert_int_equal(c->packets_out, 1 + RUN);
        assert_int_equal(c->messages_out, 1 + RUN);
        assert_int_equal(c->bytes_out, 20 + RUN * RUN_SIZE);
        assert_int_equal(udp_uses_gso(e.a), gso && rows[i].elsewhere);
        send_run(&e, 0);
        assert_int_equal(c->messages_out, 1 + 2 * RUN);
        udp_path_set(e.a, &e.path, &e.to_b, &e.from_a); /* it leads elsewhere, for all we know */
        send_run(&e, 0);
        assert_int_equal(c->messages_out, 1 + 2 * RUN + (udp_uses_gso(e.a) ? 1 : RUN));
        close_ends(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_of_equal_size_arrive_in_order),
        cmocka_unit_test(a_run_that_is_refused_goes_singly),
        cmocka_unit_test(rooms_are_passed_over),
        cmocka_unit_test(coalesced_ones_come_one_by_one),
        cmocka_unit_test(both_ends_of_a_datagram_are_told),
        cmocka_unit_test(ipv6_goes_through_the_same_socket),
        cmocka_unit_test(a_full_slab_flushes_itself),
        cmocka_unit_test(single_datagrams_and_cleared_paths),
        cmocka_unit_test(a_destination_that_fails_does_not_stop_others),
        cmocka_unit_test(a_port_that_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
