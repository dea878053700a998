#include "media/ice_tcp.h"

#include "base/clock.h"
#include "net/tcp_listener.h"
#include "net/udp_socket.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define TURNS_MAX 1000
#define WAIT_MS 10000

static struct loop *loop;
static struct loop_set *set;
static struct ice_tcp *tcp;
static uint16_t port;
static struct transport *const someone = (struct transport *) (void *) &loop;

/* What came last, and how the owner answers. */
static struct {
    unsigned n, n_lost;
    uint8_t bytes[ICE_TCP_DATAGRAM_MAX];
    size_t len;
    struct addr from, to;
    struct way *way;
    bool adopt; /* takes the connection for a transport's */
} got;

static void on_datagram(struct udp_datagram *d, void *arg)
{
    assert_null(arg);
    assert_true(d->len <= sizeof(got.bytes));
    got.n++;
    memcpy(got.bytes, d->p, d->len);
    got.len = d->len;
    got.from = d->from;
    got.to = d->to;
    got.way = d->way;
    if (got.adopt)
        d->way->transport = someone;
}

static void on_lost(struct way *w, void *arg)
{
    assert_null(arg);
    assert_ptr_equal(w->transport, someone);
    w->transport = NULL;
    got.n_lost++;
}

static void on_tick(struct loop_timer *t)
{
    loop_quit(t->loop, 0);
}

/* What is ready, and a little more. */
static void turn_loop(void)
{
    static struct loop_timer timer;

    assert_int_equal(loop_timer_start(&timer, loop, 2000, on_tick), 0);
    assert_int_equal(loop_run(loop), 0);
    loop_timer_done(&timer);
}

static int setup(void **state)
{
    static const struct ice_tcp_handlers handlers = {.datagram = on_datagram, .lost = on_lost};
    struct addr any;
    int fd;

    (void) state;
    memset(&got, 0, sizeof(got));
    assert_int_equal(addr_parse_ip("127.0.0.1", 0, &any), 0);
    fd = tcp_listener_socket(&any, 0);
    assert_true(fd >= 0);
    assert_int_equal(addr_of_socket(fd, &any), 0);
    port = any.port;
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(loop_set_new(loop, &set), 0);
    assert_int_equal(ice_tcp_new(loop, set, fd, &handlers, NULL, &tcp), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    tcp = ice_tcp_free(tcp);
    set = loop_set_free(set);
    loop = loop_free(loop);
    return 0;
}

/* A client; ip is where it comes from. */
static int dial(const char *ip)
{
    struct sockaddr_storage sa;
    struct addr a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(addr_parse_ip(ip, 0, &a), 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &sa, addr_to_sockaddr(&a, &sa)), 0);
    assert_int_equal(addr_parse_ip("127.0.0.1", port, &a), 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &sa, addr_to_sockaddr(&a, &sa)), 0);
    return fd;
}

static void say(int fd, const void *bytes, size_t len)
{
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t) len);
}

/* Until so many datagrams have come. */
static void expect_datagrams(unsigned n)
{
    for (unsigned i = 0; got.n < n && i < TURNS_MAX; i++)
        turn_loop();
    assert_int_equal(got.n, n);
}

/* Everything that comes within a datagram, as far as len goes. */
static void hear(int fd, void *ret, size_t len)
{
    size_t at = 0;

    while (at < len) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;

        turn_loop();
        assert_int_equal(poll(&p, 1, WAIT_MS), 1);
        n = recv(fd, (uint8_t *) ret + at, len - at, 0);
        assert_true(n > 0);
        at += (size_t) n;
    }
}

/* Until we have closed it. */
static void expect_end(int fd)
{
    char byte;

    for (unsigned i = 0; i < TURNS_MAX; i++) {
        ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            close(fd);
            return;
        }
        turn_loop();
    }
    fail_msg("the connection is still open");
}

static void expect_open(int fd)
{
    char byte;

    for (unsigned i = 0; i < 5; i++)
        turn_loop();
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

/* A connection that is a transport's. */
static int dial_member(struct way **ret_way)
{
    unsigned n = got.n;
    int fd = dial("127.0.0.1");

    got.adopt = true;
    say(fd, "\0\5check", 7);
    expect_datagrams(n + 1);
    got.adopt = false;
    *ret_way = got.way;
    return fd;
}

static void datagrams_in_pieces(void **state)
{
    static const char two[] = "\0\3abc\0\0\0\2de";
    int fd = dial("127.0.0.1");

    (void) state;
    for (size_t i = 0; i < 4; i++) {
        say(fd, two + i, 1);
        turn_loop();
    }
    assert_int_equal(got.n, 0);
    say(fd, two + 4, sizeof(two) - 1 - 4);
    expect_datagrams(2);
    assert_int_equal(got.len, 2);
    assert_memory_equal(got.bytes, "de", 2);
    assert_true(addr_is_loopback(&got.from) && got.from.port != 0);
    assert_int_equal(got.to.port, port);
    assert_string_equal(got.way->type->protocol, "tcp");
    close(fd);
}

static void answers_are_framed(void **state)
{
    struct way *way;
    int fd = dial_member(&way);
    char answer[9];

    (void) state;
    way->type->send(way, bytes_str("one"));
    way->type->send(way, bytes_str("so"));
    ice_tcp_flush(tcp);
    hear(fd, answer, 9);
    assert_memory_equal(answer, "\0\3one\0\2so", 9);
    close(fd);
}

static void the_transport_ends_it(void **state)
{
    struct way *way;
    int fd = dial_member(&way);
    char answer[5];

    (void) state;
    way->type->send(way, bytes_str("bye"));
    way->transport = NULL;
    way->type->close(way);
    way->type->send(way, bytes_str("more"));
    hear(fd, answer, sizeof(answer));
    assert_memory_equal(answer, "\0\3bye", 5);
    expect_end(fd);
    assert_int_equal(got.n_lost, 0);
}

static void the_client_ends_it(void **state)
{
    struct way *way;
    int fd = dial_member(&way);

    (void) state;
    close(fd);
    for (unsigned i = 0; got.n_lost == 0 && i < TURNS_MAX; i++)
        turn_loop();
    assert_int_equal(got.n_lost, 1);
}

static void what_is_too_long_ends_it(void **state)
{
    int fd = dial("127.0.0.1");

    (void) state;
    say(fd, "\x08\x01", 2); /* 2,049 */
    expect_end(fd);
    assert_int_equal(got.n, 0);
    assert_int_equal(ice_tcp_counters(tcp)->refused, 1);
}

static void strangers_have_few_bytes(void **state)
{
    static uint8_t lot[ICE_TCP_STRANGER_BYTES + 1];
    struct way *way;
    int fd = dial("127.0.0.1"), member;

    (void) state;
    say(fd, lot, sizeof(lot)); /* datagrams of no bytes */
    expect_end(fd);
    member = dial_member(&way);
    for (unsigned i = 0; i < 10; i++)
        say(member, lot, sizeof(lot) - 1);
    expect_open(member);
    close(member);
}

static void strangers_have_little_time(void **state)
{
    struct way *way;
    int fd = dial("127.0.0.1"), member = dial_member(&way);

    (void) state;
    say(fd, "\0\1x", 3);
    expect_datagrams(2);
    ice_tcp_sweep(tcp, clock_ms() + ICE_TCP_STRANGER_MS - 5000);
    expect_open(fd);
    ice_tcp_sweep(tcp, clock_ms() + ICE_TCP_STRANGER_MS);
    expect_end(fd);
    ice_tcp_sweep(tcp, clock_ms() + 10 * ICE_TCP_STRANGER_MS);
    expect_open(member);
    close(member);
}

/* So many of one address; one more of another is welcome. */
static void strangers_of_one_address(void **state)
{
    static int fds[ICE_TCP_STRANGERS_PER_HOST];
    int more;

    (void) state;
    for (size_t i = 0; i < ICE_TCP_STRANGERS_PER_HOST; i++) {
        fds[i] = dial("127.0.0.1");
        if (i % 64 == 63)
            turn_loop();
    }
    for (unsigned i = 0;
         ice_tcp_counters(tcp)->connections < ICE_TCP_STRANGERS_PER_HOST && i < TURNS_MAX; i++)
        turn_loop();
    assert_int_equal(ice_tcp_counters(tcp)->refused, 0);
    expect_end(dial("127.0.0.1"));
    more = dial("127.0.0.2");
    expect_open(more);
    expect_open(fds[0]);
    close(more);
    for (size_t i = 0; i < ICE_TCP_STRANGERS_PER_HOST; i++)
        close(fds[i]);
}

/* In all: the oldest goes. */
static void strangers_in_all(void **state)
{
    static int fds[ICE_TCP_STRANGERS_MAX + 1];
    char ip[16];

    (void) state;
    for (size_t i = 0; i <= ICE_TCP_STRANGERS_MAX; i++) {
        snprintf(ip, sizeof(ip), "127.0.1.%u", 1 + (unsigned) i / ICE_TCP_STRANGERS_PER_HOST);
        fds[i] = dial(ip);
        if (i % 64 == 63)
            turn_loop();
    }
    expect_end(fds[0]);
    expect_open(fds[1]);
    expect_open(fds[ICE_TCP_STRANGERS_MAX]);
    assert_int_equal(ice_tcp_counters(tcp)->refused, 1);
    for (size_t i = 1; i <= ICE_TCP_STRANGERS_MAX; i++)
        close(fds[i]);
}

/* A client that does not read: media is dropped, the rest is kept, and what was begun is whole. */
static void what_the_client_does_not_take(void **state)
{
    static uint8_t media[1200] = {0x80}, in[2 + 1200];
    struct way *way;
    int fd = dial_member(&way);
    size_t sent = 0, came = 0;

    (void) state;
    while (ice_tcp_counters(tcp)->dropped_out < 100 && sent < 100000) {
        way->type->send(way, bytes_of(media, sizeof(media)));
        ice_tcp_flush(tcp);
        sent++;
    }
    assert_int_equal(ice_tcp_counters(tcp)->dropped_out, 100);
    way->type->send(way, bytes_str("\x16 handshake"));
    sent -= 100;
    for (; came < sent; came++) {
        hear(fd, in, 2 + sizeof(media));
        assert_int_equal(in[0] << 8 | in[1], sizeof(media));
        assert_int_equal(in[2], 0x80);
    }
    hear(fd, in, 13);
    assert_memory_equal(in, "\0\13\x16 handshake", 13);
    close(fd);
}

/* One that asks and does not read the answers. */
static void who_asks_without_listening(void **state)
{
    static uint8_t answer[1000];
    struct way *way;
    int fd = dial_member(&way);

    (void) state;
    for (unsigned i = 0; i < 100000 && ice_tcp_counters(tcp)->dropped_out == 0; i++) {
        way->type->send(way, bytes_of(answer, sizeof(answer)));
        ice_tcp_flush(tcp);
    }
    assert_int_equal(ice_tcp_counters(tcp)->dropped_out, 1);
    turn_loop();
    assert_int_equal(got.n_lost, 1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(datagrams_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_are_framed, setup, teardown),
        cmocka_unit_test_setup_teardown(the_transport_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(the_client_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_long_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_have_few_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_have_little_time, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_of_one_address, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_in_all, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_client_does_not_take, setup, teardown),
        cmocka_unit_test_setup_teardown(who_asks_without_listening, setup, teardown),
    };
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max; /* both ends of all connections */
        (void) setrlimit(RLIMIT_NOFILE, &files);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
