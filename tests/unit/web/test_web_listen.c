#include "web/web_listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static struct web *web;
static char bound[WEB_LISTEN_TEXT_SIZE];

static void on_request(struct web_request *rq, void *arg)
{
    (void) arg;
    web_reply(rq, 200, NULL, bytes_str(NULL));
}

static int setup(void **state)
{
    static const struct web_limits limits = {0};

    (void) state;
    return loop_new(&loop) < 0 || web_new(loop, &limits, on_request, NULL, &web) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void) state;
    web = web_free(web);
    loop = loop_free(loop);
    return 0;
}

static bool can_connect(const struct sockaddr *sa, socklen_t len)
{
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = connect(fd, sa, len) == 0;

    close(fd);
    return ok;
}

static void texts_are_checked(void **state)
{
    static const char *const good[] = {"tcp:127.0.0.1:1", "tcp:[::1]:65535", "unix:/run/x"};
    static const char *const bad[] = {"",           "x",         "tcp:",      "tcp:127.0.0.1",
                                      "udp:[::]:1", "tcp:::1:1", "unix:",     "unix:relative",
                                      "unix",       "tcp::80",   "tcp:a.b:1", "127.0.0.1:80"};
    char why[128];

    (void) state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(web_listen_check(good[i], why, sizeof(why)));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(web_listen_check(bad[i], why, sizeof(why)));
        assert_non_null(strstr(why, "must be like"));
    }
}

static void tcp_tells_its_port(void **state)
{
    struct sockaddr_storage ss;
    struct addr a;
    socklen_t len;

    (void) state;
    assert_int_equal(web_listen(web, "tcp:127.0.0.1:0", bound), 0);
    assert_int_equal(addr_parse(bound + strlen("tcp:"), &a), 0);
    assert_true(a.port != 0);
    len = addr_to_sockaddr(&a, &ss);
    assert_true(can_connect((struct sockaddr *) &ss, len));
    assert_int_equal(web_listen(web, bound, bound), -EADDRINUSE);
}

static void unix_sockets_are_replaced(void **state)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    char text[sizeof(sa.sun_path) + 8];
    char dir[] = "/tmp/visavis-listen-XXXXXX";
    struct stat st;

    (void) state;
    assert_non_null(mkdtemp(dir));
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/socket", dir);
    snprintf(text, sizeof(text), "unix:%s", sa.sun_path);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(web_listen(web, text, bound), 0);
        assert_string_equal(bound, text);
        assert_int_equal(lstat(sa.sun_path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0660);
        assert_true(can_connect((struct sockaddr *) &sa, sizeof(sa)));
    }
    assert_int_equal(unlink(sa.sun_path), 0);

    /* Anything else of that name stays. */
    assert_int_equal(mkdir(sa.sun_path, 0700), 0);
    assert_int_equal(web_listen(web, text, bound), -EADDRINUSE);
    assert_int_equal(rmdir(sa.sun_path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void what_cannot_be_had(void **state)
{
    char text[256] = "unix:/";

    (void) state;
    assert_int_equal(web_listen(web, "nonsense", bound), -EINVAL);
    memset(text + 6, 'x', sizeof(text) - 7);
    assert_int_equal(web_listen(web, text, bound), -ENAMETOOLONG);
    assert_int_equal(web_listen(web, "unix:/nonexistent/socket", bound), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(texts_are_checked),
        TEST(tcp_tells_its_port),
        TEST(unix_sockets_are_replaced),
        TEST(what_cannot_be_had),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
