#include "base/clock.h"
#include "web/ws_group.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#define N_MESSAGES 300

static struct loop *loop;
static struct ws_group *group;
static struct ws *ws;
static int peer;
static char told[64];
static int n_released;
static const struct addr nobody;

static void on_text(struct ws *s, struct bytes text, void *arg)
{
    (void) arg;
    (void) ws_send(s, text);
}

static void on_closed(struct ws *s, unsigned code, const char *reason, void *arg)
{
    (void) arg;
    assert_ptr_equal(s, ws);
    assert_int_equal(ws_send(s, bytes_str("late")), -ENOTCONN);
    snprintf(told, sizeof(told), "%u %s", code, reason);
    loop_quit(loop, 0);
}

static const struct ws_handlers handlers = {.on_text = on_text, .on_closed = on_closed};

static void on_release(void *owner, void *ticket)
{
    assert_ptr_equal(owner, &loop);
    assert_ptr_equal(ticket, &n_released);
    n_released++;
}

static int setup(void **state)
{
    static const struct ws_group_config config = {.message_bytes = 1000,
                                                  .queue_bytes = 1 << 20,
                                                  .max = 1,
                                                  .release = on_release,
                                                  .owner = &loop};

    (void) state;
    signal(SIGPIPE, SIG_IGN);
    told[0] = '\0';
    n_released = 0;
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(ws_group_new(loop, &config, &group), 0);
    assert_int_equal(ws_new(group, &handlers, NULL, &nobody, &ws), 0);
    ws_set_ticket(ws, &n_released);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    group = ws_group_free(group);
    loop = loop_free(loop);
    clock_fake(UINT64_MAX);
    return 0;
}

/* Gives ws a connection with little room in the kernel; peer is its other end. */
static void open_ws(struct bytes early)
{
    int fds[2], size = 4096;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    peer = fds[1];
    ws_open(ws, fds[0], early);
}

static void limit_is_kept(void **state)
{
    struct ws *other;

    (void) state;
    assert_int_equal(ws_new(group, &handlers, NULL, &nobody, &other), -ENOSPC);
    ws_abort(ws);
    assert_string_equal(told, "");
    assert_int_equal(loop_run(loop), 0);
    assert_string_equal(told, "1006 ");
    assert_int_equal(n_released, 1);
    assert_int_equal(ws_new(group, &handlers, NULL, &nobody, &ws), 0);
}

/* ---- a reader that takes a few bytes at a time ---- */

static struct {
    struct loop_io io;
    uint8_t data[200000];
    size_t len;
    size_t want;
} reader;

static void on_peer_readable(struct loop_io *io, uint32_t revents)
{
    ssize_t n = read(io->fd, reader.data + reader.len, 1 + reader.len % 577);

    (void) revents;
    assert_true(n > 0);
    reader.len += (size_t) n;
    if (reader.len >= reader.want)
        loop_quit(io->loop, 0);
}

static size_t message_len(int i)
{
    return (size_t) (i * 7) % 500;
}

static void frames_survive_partial_writes(void **state)
{
    char text[500];
    const uint8_t *p = reader.data;

    (void) state;
    open_ws(bytes_of(NULL, 0));
    reader.len = reader.want = 0;
    for (int i = 0; i < N_MESSAGES; i++) {
        size_t len = message_len(i);

        memset(text, 'a' + i % 26, len);
        assert_int_equal(ws_send(ws, bytes_of(text, len)), 0);
        reader.want += (len < 126 ? 2 : 4) + len;
    }
    assert_int_equal(loop_io_start(&reader.io, loop, peer, EPOLLIN, on_peer_readable), 0);
    assert_int_equal(loop_run(loop), 0);
    loop_io_stop(&reader.io);
    assert_int_equal(reader.len, reader.want);
    for (int i = 0; i < N_MESSAGES; i++) {
        size_t len = message_len(i), head = len < 126 ? 2 : 4;

        assert_int_equal(p[0], 0x81);
        assert_int_equal(len < 126 ? p[1] : (size_t) p[2] << 8 | p[3], len);
        memset(text, 'a' + i % 26, len);
        if (len)
            assert_memory_equal(p + head, text, len);
        p += head + len;
    }
    close(peer);
}

/* ---- closing ---- */

static void moved_on(struct loop_timer *t)
{
    clock_fake(clock_us() + 3000000);
    loop_timer_done(t);
}

static void unanswered_close_ends_by_itself(void **state)
{
    struct loop_timer t = {0};
    uint8_t buf[16];

    (void) state;
    open_ws(bytes_of(NULL, 0));
    ws_close(ws, 4000, "go");
    assert_int_equal(loop_timer_start(&t, loop, 1000, moved_on), 0);
    assert_int_equal(loop_run(loop), 0);
    assert_string_equal(told, "1006 ");
    assert_int_equal(read(peer, buf, sizeof(buf)), 6);
    assert_memory_equal(buf, "\x88\x04\x0f\xa0go", 6);
    assert_int_equal(read(peer, buf, sizeof(buf)), 0);
    close(peer);
}

static void unread_queue_ends_by_itself(void **state)
{
    char text[1000] = "";

    (void) state;
    clock_fake(1000000);
    open_ws(bytes_of(NULL, 0));
    for (int i = 0; i < 500; i++)
        assert_int_equal(ws_send(ws, bytes_of(text, sizeof(text))), 0);
    ws_close(ws, 4000, "go");
    clock_fake(12000000);
    assert_int_equal(loop_run(loop), 0);
    assert_string_equal(told, "1006 ");
    close(peer);
}

static void queue_has_a_limit(void **state)
{
    char text[1000] = "";
    int n = 0, r;

    (void) state;
    open_ws(bytes_of(NULL, 0));
    while ((r = ws_send(ws, bytes_of(text, sizeof(text)))) == 0)
        n++;
    assert_int_equal(r, -ENOBUFS);
    assert_in_range(n, 900, 1048);
    assert_int_equal(ws_send(ws, bytes_str("x")), -ENOTCONN);
    assert_string_equal(told, "");
    assert_int_equal(loop_run(loop), 0);
    assert_string_equal(told, "1006 ");
    close(peer);
}

/* What is said to somebody who comes into a full room is one message, however long. */
static void a_long_message_is_no_queue(void **state)
{
    size_t size = 3 << 20;
    char *text = calloc(1, size);
    int n = 0, r;

    (void) state;
    open_ws(bytes_of(NULL, 0));
    assert_int_equal(ws_send(ws, bytes_of(text, size)), 0);
    while ((r = ws_send(ws, bytes_of(text, 1000))) == 0)
        n++;
    assert_int_equal(r, -ENOBUFS);
    assert_in_range(n, 900, 1060);
    free(text);
    close(peer);
}

/* Its connection is still to come when it is closed, and makes way for another. */
static void seat_of_one_that_is_gone(void **state)
{
    struct ws *seat;

    (void) state;
    ws_seat(ws, &seat);
    assert_ptr_equal(seat, ws);
    ws_close(ws, 1000, "");
    assert_int_equal(ws_new(group, &handlers, NULL, &nobody, &ws), 0);
    assert_null(seat);
    ws_seat(ws, &seat);
    ws_abort(ws);
    assert_ptr_equal(seat, ws);
}

static void long_reason_is_cut_between_characters(void **state)
{
    struct loop_timer t = {0};
    char reason[200];
    uint8_t buf[200];

    (void) state;
    for (size_t i = 0; i < sizeof(reason) - 1; i++)
        reason[i] = i % 2 ? '\251' : '\303';
    reason[sizeof(reason) - 1] = '\0';
    open_ws(bytes_of(NULL, 0));
    ws_close(ws, 4000, reason);
    assert_int_equal(loop_timer_start(&t, loop, 1000, moved_on), 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(read(peer, buf, sizeof(buf)), 2 + 2 + 122);
    assert_memory_equal(buf + 4, reason, 122);
    close(peer);
}

static int setup_crowded(void **state)
{
    static const struct ws_group_config config = {
        .message_bytes = 1000, .queue_bytes = 1 << 20, .all_queues_bytes = 300000, .max = 3};

    (void) state;
    assert_int_equal(loop_new(&loop), 0);
    return ws_group_new(loop, &config, &group);
}

/* How many bytes of messages it takes. */
static size_t fill(struct ws *s)
{
    char text[1000] = "";
    size_t n = 0;

    while (ws_send(s, bytes_of(text, sizeof(text))) == 0)
        n += sizeof(text);
    return n;
}

static void on_closed_quit(struct ws *s, unsigned code, const char *reason, void *arg)
{
    (void) s;
    (void) code;
    (void) reason;
    if (--*(int *) arg == 0)
        loop_quit(loop, 0);
}

static void queues_together_have_a_limit(void **state)
{
    static const struct ws_handlers quiet = {.on_text = on_text, .on_closed = on_closed_quit};
    struct ws *all[3], *again;
    static int n_left; /* outlives the test: the rest closes when the group is freed */

    (void) state;
    n_left = 2;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ws_new(group, &quiet, &n_left, &nobody, &all[i]), 0);
    assert_in_range(fill(all[0]), 200000, 300000);
    assert_in_range(fill(all[1]), 60000, 300000 / 3);
    /* Somebody who reads is not concerned. */
    assert_int_equal(ws_send(all[2], bytes_str("x")), 0);
    /* The two are gone, and what they held is given back. */
    assert_int_equal(loop_run(loop), 0);
    n_left = 2;
    assert_int_equal(ws_new(group, &quiet, &n_left, &nobody, &again), 0);
    assert_in_range(fill(again), 200000, 300000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(limit_is_kept),
        TEST(frames_survive_partial_writes),
        TEST(unanswered_close_ends_by_itself),
        TEST(unread_queue_ends_by_itself),
        TEST(queue_has_a_limit),
        TEST(a_long_message_is_no_queue),
        TEST(seat_of_one_that_is_gone),
        cmocka_unit_test_setup_teardown(queues_together_have_a_limit, setup_crowded, teardown),
        TEST(long_reason_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
