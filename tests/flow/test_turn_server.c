#include "codec/stun.h"
#include "net/udp_socket.h"
#include "tests/lib/free_port.h"
#include "turn/server.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct addr loopback(uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip("127.0.0.1", port, &a), 0);
    return a;
}

static struct turn_config config_for(uint16_t port, unsigned n_threads)
{
    return (struct turn_config){
        .listen = {{.addr = loopback(port)}},
        .n_listen = 1,
        .relay_ports = {57001, 65535},
        .user_quota = 10,
        .total_quota = 100,
        .n_threads = n_threads,
        .secret = "s",
        .realm = "r",
    };
}

static void expect_binding(int fd, const struct addr *server)
{
    static const uint8_t tid[STUN_TID_SIZE] = {1};
    uint8_t buf[256];
    struct wr w = wr_init(buf, sizeof(buf));
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct sockaddr_storage sa;
    socklen_t sa_len;
    struct stun m;
    size_t len;
    ssize_t n;

    stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
    assert_int_equal(stun_finish(&w, &len), 0);
    sa_len = addr_to_sockaddr(server, &sa);
    assert_int_equal(sendto(fd, buf, len, 0, (struct sockaddr *) &sa, sa_len), len);
    assert_int_equal(poll(&p, 1, 20000), 1);
    n = read(fd, buf, sizeof(buf));
    assert_true(n > 0);
    assert_int_equal(stun_decode(bytes_of(buf, (size_t) n), &m), 0);
    assert_int_equal(m.class, STUN_SUCCESS);
}

static void test_threads_share_the_port(void **state)
{
    struct turn_config config = config_for(free_port(), 3);
    struct peers *peers;
    struct server *s;
    struct addr any = loopback(0);

    (void) state;
    assert_int_equal(server_new(&config, NULL, &s), 0);
    assert_int_equal(peers_new(&(struct peers_rules){.n_own = 0}, &peers), 0);
    assert_int_equal(server_set_peers(s, peers), 0);
    peers_unref(peers); /* the threads have their own */
    for (int i = 0; i < 16; i++) {
        int fd = udp_socket_open(&any, 0);

        assert_true(fd >= 0);
        expect_binding(fd, &config.listen[0].addr);
        close(fd);
    }
    assert_null(server_free(s));
    assert_null(server_free(NULL));
}

static void test_other_settings_while_it_runs(void **state)
{
    static const char *const old[] = {"u", "v"};
    struct turn_config config = config_for(free_port(), 3);
    struct addr any = loopback(0);
    struct server *s;
    char text[64];
    int fd = udp_socket_open(&any, 0);

    (void) state;
    assert_true(fd >= 0);
    assert_int_equal(server_new(&config, NULL, &s), 0);
    for (unsigned i = 0; i < 100; i++) {
        config.secret = i % 2 ? "s" : "t";
        config.old_secrets = old;
        config.n_old_secrets = i % 3;
        config.external_ip = i % 3 ? loopback(0) : (struct addr){0};
        config.total_quota = 1 + i;
        assert_int_equal(server_reloaded(s, &config), 0);
        expect_binding(fd, &config.listen[0].addr);
    }
    server_status(s, text, sizeof(text));
    assert_string_equal(text, "0 allocations, 0 refused");
    assert_null(server_free(s)); /* with news that nobody has read yet, perhaps */
    close(fd);
}

static void test_address_in_use(void **state)
{
    struct turn_config config;
    struct server *s = NULL;
    struct addr any = loopback(0), bound;
    int fd = udp_socket_open(&any, 0);

    (void) state;
    assert_true(fd >= 0);
    assert_int_equal(addr_of_socket(fd, &bound), 0);
    config = config_for(bound.port, 1);
    assert_int_equal(server_new(&config, NULL, &s), -EADDRINUSE);
    assert_null(s);
    config.n_threads = 2;
    assert_int_equal(server_new(&config, NULL, &s), -EADDRINUSE);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_the_port),
        cmocka_unit_test(test_other_settings_while_it_runs),
        cmocka_unit_test(test_address_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
