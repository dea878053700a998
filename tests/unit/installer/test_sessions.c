#include "print_kit.h"
#include "settings_kit.h"
#include "status/sessions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* A process that answers the next connection with this text. */
static pid_t answer(const char *text, char request[static 1024], unsigned *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pid_t pid;

    assert_int_equal(bind(listener, (struct sockaddr *) &a, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *) &a, &len), 0);
    *ret_port = ntohs(a.sin_port);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = accept(listener, NULL, NULL);
        ssize_t n = read(fd, request, 1023);
        bool asked = n > 0 && strstr(request, "GET /openvidu/api/sessions HTTP/1.1") &&
                     /* OPENVIDUAPP:aVeryLongSecretForTests12345 */
                     strstr(request, "Authorization: Basic T1BFTlZJRFVBUFA6YVZlcnlMb25nU2VjcmV0Rm9y"
                                     "VGVzdHMxMjM0NQ==");

        (void) !write(fd, text, strlen(text));
        _exit(asked ? 0 : 1);
    }
    close(listener);
    return pid;
}

static int ask(const char *text, unsigned *ret)
{
    char request[1024] = "", env[64];
    struct settings *s;
    unsigned port;
    pid_t pid = answer(text, request, &port);
    int r, status;

    snprintf(env, sizeof(env), "MEDIA_PORT=1024\nSERVER_PORT=%u\n", port);
    s = settings_of(env);
    r = sessions_count(s, ret);
    settings_free(s);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return r;
}

static void test_count(void **state)
{
    unsigned n = 99;

    (void) state;
    assert_int_equal(ask("HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n"
                         "{\"numberOfElements\":12,\"content\":[]} ",
                         &n),
                     0);
    assert_int_equal(n, 12);
}

static void test_wrong_answers(void **state)
{
    unsigned n = 99;

    (void) state;
    assert_int_equal(ask("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", &n), -EACCES);
    assert_int_equal(ask("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", &n), -EBADMSG);
    assert_int_equal(ask("HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n"
                         "{\"numberOfElements\":-1} ",
                         &n),
                     -EBADMSG);
    assert_true(ask("nothing of the kind\r\n\r\n", &n) < 0);
    assert_int_equal(n, 99);
}

static void test_nobody_there(void **state)
{
    char env[64], request[1024];
    unsigned n = 99, port;
    pid_t pid = answer("", request, &port);
    struct settings *s;

    (void) state;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    snprintf(env, sizeof(env), "MEDIA_PORT=1024\nSERVER_PORT=%u\n", port);
    s = settings_of(env);
    assert_int_equal(sessions_count(s, &n), -ECONNREFUSED);
    settings_free(s);
    assert_int_equal(n, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_wrong_answers),
        cmocka_unit_test(test_nobody_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
