/* The listener and the dialer, over a socket in a folder of its own. */
#include "base/bytes.h"
#include "link/link.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static struct link_listener *listener;
static struct link_dialer *dialer;
static struct link *served;
static char dir[] = "/tmp/visavis-link-XXXXXX";
static char path[64];
static char trace[256];

static void note(const char *text)
{
    assert_true(strlen(trace) + strlen(text) < sizeof(trace));
    strcat(trace, text);
}

static int setup_dir(void **state)
{
    (void) state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/s", dir);
    return 0;
}

static int teardown_dir(void **state)
{
    (void) state;
    return rmdir(dir);
}

static int setup(void **state)
{
    (void) state;
    trace[0] = '\0';
    return loop_new(&loop);
}

static int teardown(void **state)
{
    (void) state;
    dialer = link_dialer_free(dialer);
    served = link_free(served);
    listener = link_listener_free(listener);
    loop = loop_free(loop);
    unlink(path);
    return 0;
}

/* ---- what listens ---- */

static void on_served_request(struct link *k, const char *method, json_t *params,
                              struct link_request *rq, void *arg)
{
    (void) k;
    (void) method;
    (void) arg;
    link_reply(rq, json_incref(params));
}

static void on_served_closed(struct link *k, int error, void *arg)
{
    (void) error;
    (void) arg;
    note("gone ");
    served = link_free(k);
    loop_quit(loop, 0);
}

static void on_accept(struct link_listener *ls, int fd, void *arg)
{
    const struct link_handlers handlers = {.on_request = on_served_request,
                                           .on_closed = on_served_closed};

    assert_ptr_equal(arg, trace);
    (void) ls;
    note("accepted ");
    assert_null(served);
    assert_int_equal(link_new(loop, fd, &handlers, NULL, &served), 0);
}

/* ---- what dials ---- */

static void on_answer(const struct link_answer *answer, void *arg)
{
    (void) arg;
    note(answer->error == 0 ? "answer " : "error ");
    loop_quit(loop, 0);
}

static void on_up(struct link_dialer *d, struct link *k, void *arg)
{
    assert_ptr_equal(arg, &dialer);
    assert_ptr_equal(link_dialer_link(d), k);
    note("up ");
    assert_int_equal(link_call(k, "hello", json_object(), 60000, on_answer, NULL), 0);
}

static void on_down(struct link_dialer *d, void *arg)
{
    assert_ptr_equal(arg, &dialer);
    assert_null(link_dialer_link(d));
    note("down ");
}

static void on_notified(struct link *k, const char *method, json_t *params, void *arg)
{
    assert_ptr_equal(arg, &dialer);
    (void) k;
    (void) params;
    note(method);
    loop_quit(loop, 0);
}

static void on_failed(struct link_dialer *d, int error, void *arg)
{
    (void) d;
    assert_ptr_equal(arg, &dialer);
    note(error == -ENOENT ? "nobody " : "refused ");
}

static const struct link_dialer_handlers dialing = {.on_up = on_up,
                                                    .on_down = on_down,
                                                    .on_failed = on_failed,
                                                    .handlers = {.on_notification = on_notified}};

static void dial(const struct link_dialer_handlers *handlers)
{
    assert_int_equal(link_dial(loop, path, handlers, &dialer, &dialer), 0);
    assert_null(link_dialer_link(dialer));
}

static void listen_here(link_accept_fn *fn)
{
    assert_int_equal(link_listen(loop, path, fn, trace, &listener), 0);
}

static void dialer_comes_back(void **state)
{
    (void) state;
    listen_here(on_accept);
    dial(&dialing);
    loop_run(loop);
    assert_string_equal(trace, "up accepted answer ");
    assert_int_equal(link_notify(served, "peers", NULL), 0);
    loop_run(loop);
    assert_string_equal(trace, "up accepted answer peers");

    trace[0] = '\0'; /* the peer starts anew */
    served = link_free(served);
    listener = link_listener_free(listener);
    assert_int_equal(access(path, F_OK), -1);
    listen_here(on_accept);
    loop_run(loop);
    assert_string_equal(trace, "down up accepted answer ");

    dialer = link_dialer_free(dialer);
    loop_run(loop);
    assert_string_equal(trace, "down up accepted answer gone ");
}

static void on_late(struct loop_timer *t)
{
    (void) t;
    note("late ");
    listen_here(on_accept);
}

static void dialer_waits_for_a_listener(void **state)
{
    struct loop_timer t = {0};

    (void) state;
    dial(&dialing);
    loop_timer_start(&t, loop, 250000, on_late); /* after a second attempt, which is not told */
    loop_run(loop);
    assert_string_equal(trace, "nobody late up accepted answer ");
    loop_timer_done(&t);
}

static void dialer_begins_anew(void **state)
{
    (void) state;
    listen_here(on_accept);
    dial(&dialing);
    loop_run(loop);
    trace[0] = '\0';
    link_dialer_restart(dialer);
    assert_null(link_dialer_link(dialer));
    loop_run(loop); /* until the other end has seen it */
    loop_run(loop);
    assert_string_equal(trace, "gone up accepted answer ");
}

static void on_up_free(struct link_dialer *d, struct link *k, void *arg)
{
    (void) arg;
    note("up ");
    assert_int_equal(link_call(k, "hello", NULL, 60000, on_answer, NULL), 0);
    dialer = link_dialer_free(d);
}

static void on_down_free(struct link_dialer *d, void *arg)
{
    (void) arg;
    note("down ");
    dialer = link_dialer_free(d);
    loop_quit(loop, 0);
}

static void on_accept_close(struct link_listener *ls, int fd, void *arg)
{
    (void) ls;
    (void) arg;
    note("closed ");
    close(fd);
}

static void dialer_may_be_freed_in_its_handlers(void **state)
{
    const struct link_dialer_handlers up = {.on_up = on_up_free};
    const struct link_dialer_handlers down = {.on_down = on_down_free};

    (void) state;
    listen_here(on_accept_close);
    dial(&up);
    loop_run(loop);
    assert_null(dialer);
    assert_string_equal(trace, "up error ");
    trace[0] = '\0';
    dial(&down);
    loop_run(loop);
    assert_null(dialer);
    assert_non_null(strstr(trace, "down "));
}

static void on_accept_free(struct link_listener *ls, int fd, void *arg)
{
    on_accept_close(ls, fd, arg);
    listener = link_listener_free(ls);
    loop_quit(loop, 0);
}

static int connected(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(sa.sun_path, path, strlen(path));
    assert_int_equal(connect(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
    return fd;
}

static void listener_may_be_freed_in_its_handler(void **state)
{
    int fds[2];

    (void) state;
    listen_here(on_accept_free);
    fds[0] = connected();
    fds[1] = connected();
    loop_run(loop);
    assert_null(listener);
    assert_string_equal(trace, "closed ");
    close(fds[0]);
    close(fds[1]);
}

static void stale_socket_is_replaced(void **state)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    mode_t mask = umask(077);

    (void) state;
    memcpy(sa.sun_path, path, strlen(path));
    assert_int_equal(bind(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
    close(fd);
    assert_int_equal(access(path, F_OK), 0);
    listen_here(on_accept_close);
    umask(mask);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    listener = link_listener_free(listener);
    assert_int_equal(access(path, F_OK), -1);
}

static void taken_paths_are_refused(void **state)
{
    char too_long[200];
    struct link_listener *second = NULL;
    struct link_dialer *d = NULL;

    (void) state;
    listen_here(on_accept_close);
    assert_int_equal(link_listen(loop, path, on_accept_close, NULL, &second), -EADDRINUSE);
    assert_int_equal(access(path, F_OK), 0);
    listener = link_listener_free(listener);

    assert_int_equal(fclose(fopen(path, "w")), 0);
    assert_int_equal(link_listen(loop, path, on_accept_close, NULL, &second), -EADDRINUSE);
    assert_int_equal(access(path, F_OK), 0);

    memset(too_long, 'x', sizeof(too_long));
    too_long[sizeof(too_long) - 1] = '\0';
    assert_int_equal(link_listen(loop, too_long, on_accept_close, NULL, &second), -ENAMETOOLONG);
    assert_int_equal(link_dial(loop, too_long, &dialing, NULL, &d), -ENAMETOOLONG);
    assert_int_equal(link_listen(loop, "/nonexistent/s", on_accept_close, NULL, &second), -ENOENT);
    assert_null(second);
}

/* Somebody replaced our socket file: theirs stays. */
static void file_of_another_is_left(void **state)
{
    (void) state;
    listen_here(on_accept_close);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fclose(fopen(path, "w")), 0);
    listener = link_listener_free(listener);
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dialer_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(dialer_begins_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(dialer_waits_for_a_listener, setup, teardown),
        cmocka_unit_test_setup_teardown(dialer_may_be_freed_in_its_handlers, setup, teardown),
        cmocka_unit_test_setup_teardown(listener_may_be_freed_in_its_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(stale_socket_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(taken_paths_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(file_of_another_is_left, setup, teardown),
    };

    return cmocka_run_group_tests(tests, setup_dir, teardown_dir);
}
