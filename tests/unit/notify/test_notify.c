#include "notify/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/visavis-notify-XXXXXX";
static char path[64];
static char text[1024];
static int manager = -1;

static int setup(void **state)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    (void) state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/notify", dir);
    memcpy(sa.sun_path, path, strlen(path));
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return bind(manager, (struct sockaddr *) &sa, sizeof(sa));
}

static int teardown(void **state)
{
    (void) state;
    close(manager);
    unlink(path);
    return rmdir(dir);
}

static const char *told(void)
{
    ssize_t n = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void tells_the_manager(void **state)
{
    (void) state;
    setenv("NOTIFY_SOCKET", path, 1);
    notify_ready();
    assert_string_equal(told(), "READY=1");
    notify_stopping();
    assert_string_equal(told(), "STOPPING=1");
    notify_reloading();
    assert_int_equal(strncmp(told(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    notify_status("%d rooms\nMAINPID=1", 5);
    assert_string_equal(told(), "STATUS=5 rooms");
    notify_status("%300d", 5);
    assert_int_equal(strlen(told()), 7 + 255);
    unsetenv("NOTIFY_SOCKET");
    notify_ready();
    assert_string_equal(told(), "");
}

static void no_activation_gives_no_sockets(void **state)
{
    int fds[2] = {-1, -1};

    (void) state;
    unsetenv("LISTEN_PID");
    assert_int_equal(notify_listen_fds("web", fds, 2), 0);
    assert_int_equal(fds[0], -1);
}

/* In the child the descriptors from 3 on are the activated ones. */
static int check_activated(const char *socket_path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    char pid[16];
    int fds[2] = {-1, -1};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(sa.sun_path, socket_path, strlen(socket_path));
    if (bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || listen(fd, 1) < 0)
        return 1;
    if (dup2(fd, 20) < 0 || dup2(20, 3) < 0 || dup2(20, 4) < 0 || dup2(20, 5) < 0)
        return 2;
    snprintf(pid, sizeof(pid), "%d", getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "3", 1);
    setenv("LISTEN_FDNAMES", "web:api:web", 1);
    if (notify_listen_fds("web", fds, 2) != 2 || fds[0] != 3 || fds[1] != 5)
        return 3;
    if (notify_listen_fds("web", fds, 1) != 1 || notify_listen_fds("api", fds, 2) != 1 ||
        fds[0] != 4 || notify_listen_fds("none", fds, 2) != 0)
        return 4;
    if (!(fcntl(3, F_GETFL) & O_NONBLOCK) || !(fcntl(5, F_GETFD) & FD_CLOEXEC))
        return 5;
    /* Something else under that name. */
    if (dup2(open("/dev/null", O_RDONLY), 5) < 0 || notify_listen_fds("web", fds, 2) != -ENOTSOCK)
        return 6;
    return 0;
}

static void activated_sockets_are_found(void **state)
{
    char socket_path[64];
    int status = -1;
    pid_t child;

    (void) state;
    snprintf(socket_path, sizeof(socket_path), "%s/listen", dir);
    child = fork();
    if (child == 0)
        _exit(check_activated(socket_path));
    assert_int_equal(waitpid(child, &status, 0), child);
    unlink(socket_path);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_manager),
        cmocka_unit_test(no_activation_gives_no_sockets),
        cmocka_unit_test(activated_sockets_are_found),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
