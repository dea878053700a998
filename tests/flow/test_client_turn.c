/* Is there a relay? Asked of visavis-turn, and of those who are none. */
#include "base/clock.h"
#include "base/crypto.h"
#include "client/turn_check.h"
#include "tests/lib/free_port.h"
#include "tests/lib/turn_server.h"
#include "tests/lib/turn_session.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
    struct loop *loop;
    struct http *http;
    struct turn_server *server;
    struct addr at;
    char user[64], password[BASE64_SIZE(SHA1_SIZE)];
    struct turn_check_result result;
    unsigned n_results;
} t;

static void make_credentials(void)
{
    uint8_t mac[SHA1_SIZE];
    struct bytes user;

    snprintf(t.user, sizeof(t.user), "%" PRIu64 ":check", clock_wall_ms() / 1000 + 3600);
    user = bytes_str(t.user);
    assert_int_equal(hmac_sha1(bytes_str(TURN_SECRET), &user, 1, mac), 0);
    assert_int_equal(base64_encode(bytes_of(mac, sizeof(mac)), t.password, sizeof(t.password)), 0);
}

static int setup(void **state)
{
    struct turn_server_config c = {.kind = TURN_SERVER_OURS, .relay_ip = "127.0.0.1"};

    (void) state;
    assert_int_equal(addr_parse_ip("127.0.0.1", free_port(), &t.at), 0);
    c.listen = t.at;
    c.peer = t.at;
    assert_int_equal(loop_new(&t.loop), 0);
    assert_int_equal(http_new(t.loop, &t.http), 0);
    assert_int_equal(turn_server_new(t.loop, &c, &t.server), 0);
    make_credentials();
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    turn_server_free(t.server);
    http_free(t.http);
    loop_free(t.loop);
    return 0;
}

static void on_result(const struct turn_check_result *r, void *arg)
{
    (void) arg;
    t.result = *r;
    t.n_results++;
    loop_quit(t.loop, 0);
}

static void check(enum turn_transport transport, const struct addr *at, const char *password)
{
    struct turn_check_config c = {.transport = transport,
                                  .addr = *at,
                                  .name = "127.0.0.1",
                                  .user = t.user,
                                  .password = password};
    struct turn_check *k;

    t.n_results = 0;
    assert_int_equal(turn_check_new(t.loop, t.http, &c, on_result, NULL, &k), 0);
    assert_int_equal(t.n_results, 0);
    assert_int_equal(loop_run(t.loop), 0);
    turn_check_free(k);
    assert_int_equal(t.n_results, 1);
}

static void gives_a_relay(void **state)
{
    (void) state;
    check(TURN_UDP, &t.at, t.password);
    assert_int_equal(t.result.error, 0);
    assert_int_equal(t.result.step, TURN_CHECK_DONE);
    assert_true(addr_is_loopback(&t.result.relayed) && t.result.relayed.port >= 1024);
    assert_true(addr_is_loopback(&t.result.mapped));
}

static void refuses_credentials(void **state)
{
    (void) state;
    check(TURN_UDP, &t.at, "something else");
    assert_int_equal(t.result.error, -EACCES);
    assert_int_equal(t.result.step, TURN_CHECK_ALLOCATE);
    assert_int_equal(t.result.code, 401);
}

static void nobody_is_there(void **state)
{
    struct addr at = t.at;

    (void) state;
    at.port = free_port();
    check(TURN_UDP, &at, t.password);
    assert_int_equal(t.result.error, -ECONNREFUSED);
    check(TURN_TCP, &at, t.password);
    assert_int_equal(t.result.error, -ECONNREFUSED);
    assert_int_equal(t.result.step, TURN_CHECK_CONNECT);
}

/* ---- one who is no TURN server ---- */

struct stranger {
    int fd;
    const char *text; /* NULL: says nothing, and ends */
};

static void *answer(void *arg)
{
    const struct stranger *s = arg;
    int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
    char buf[256];

    if (s->text) {
        (void) send(fd, s->text, strlen(s->text), MSG_NOSIGNAL);
        while (recv(fd, buf, sizeof(buf), 0) > 0)
            continue;
    }
    close(fd);
    return NULL;
}

static int meet(const char *text)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct stranger s = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), text};
    socklen_t len = sizeof(sa);
    struct addr at;
    pthread_t thread;

    assert_int_equal(bind(s.fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
    assert_int_equal(listen(s.fd, 1), 0);
    assert_int_equal(getsockname(s.fd, (struct sockaddr *) &sa, &len), 0);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, len, &at), 0);
    assert_int_equal(pthread_create(&thread, NULL, answer, &s), 0);
    check(TURN_TCP, &at, t.password);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(s.fd);
    return t.result.error;
}

static void somebody_else_is_there(void **state)
{
    (void) state;
    assert_int_equal(meet("SSH-2.0-OpenSSH_9.2\r\n"), -EBADMSG);
    assert_int_equal(t.result.step, TURN_CHECK_ANSWER);
    assert_int_equal(meet(NULL), -ECONNRESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_a_relay),
        cmocka_unit_test(refuses_credentials),
        cmocka_unit_test(nobody_is_there),
        cmocka_unit_test(somebody_else_is_there),
    };

    return cmocka_run_group_tests_name("client_turn", tests, setup, teardown);
}
