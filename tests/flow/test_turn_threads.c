/* What allocations of different threads share: a real server with several of them. The kernel
 * spreads clients over the threads by their addresses, so with many clients some meet another. */
#include "turn_client.h"

#include "tests/lib/free_port.h"
#include "turn/server.h"

#include <time.h>

#define N_THREADS 4
#define N_PAIRS 16

static struct server_under_test under; /* what clients want to know: the loop and the port */
static struct turn_config config;
static struct server *server;

static int setup(void **state)
{
    (void) state;
    log_init("test", LOG_LEVEL_ERROR);
    config = default_config("127.0.0.1");
    config.listen[0].addr.port = free_port();
    config.n_threads = N_THREADS;
    assert_int_equal(loop_new(&under.loop), 0);
    assert_int_equal(server_new(&config, NULL, &server), 0);
    under.worker.listeners[0].bound.port = config.listen[0].addr.port;
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    assert_null(server_free(server));
    loop_free(under.loop);
    return 0;
}

static void open_client(struct client *c, unsigned number)
{
    char user[64];

    client_open(c, &under, "127.0.0.1", "127.0.0.1");
    snprintf(user, sizeof(user), "%lld:user%u", (long long) time(NULL) + 3600, number);
    client_set_user(c, SECRET, user);
    client_get_nonce(c);
}

static unsigned allocate_with(struct client *c, enum stun_attr type, struct bytes value)
{
    struct wr w = client_request(c, STUN_ALLOCATE);

    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    stun_put_bytes(&w, type, value);
    return client_exchange(c, &w);
}

static void test_reservations(void **state)
{
    struct client first, second;
    uint8_t token[8];
    struct addr next;

    (void) state;
    for (unsigned i = 0; i < N_PAIRS; i++) {
        open_client(&first, i);
        open_client(&second, i);
        client_set_user(&second, SECRET, first.user);
        assert_int_equal(allocate_with(&first, STUN_ATTR_EVEN_PORT, bytes_str("\x80")), 0);
        next = first.reply.xor_relayed;
        next.port++;
        memcpy(token, first.reply.reservation_token.p, sizeof(token));
        assert_int_equal(allocate_with(&second, STUN_ATTR_RESERVATION_TOKEN, bytes_of(token, 8)),
                         0);
        assert_true(addr_eq(&second.reply.xor_relayed, &next));
        assert_int_equal(client_refresh(&first, 0), 0);
        assert_int_equal(client_refresh(&second, 0), 0);
        client_close(&first);
        client_close(&second);
    }
}

static void test_left_reservation(void **state)
{
    struct client c;

    (void) state;
    open_client(&c, 0);
    assert_int_equal(allocate_with(&c, STUN_ATTR_EVEN_PORT, bytes_str("\x80")), 0);
    client_close(&c); /* the server ends with it */
}

/* All threads send new clients away, and none of the old ones. */
static void test_draining(void **state)
{
    struct client old[N_THREADS * 3], new;

    (void) state;
    for (unsigned i = 0; i < N_THREADS * 3; i++) {
        open_client(&old[i], i);
        assert_int_equal(client_allocate(&old[i]), 0);
    }
    config.alternate_server = ip("192.0.2.5", 3478);
    assert_int_equal(server_reloaded(server, &config), 0);
    for (unsigned i = 0; i < N_THREADS * 3; i++) {
        unsigned code;

        open_client(&new, 100 + i);
        while ((code = client_allocate(&new)) == 0) /* its thread has not read the news yet */
            assert_int_equal(client_refresh(&new, 0), 0);
        assert_int_equal(code, 300);
        assert_true(addr_eq(&new.reply.alternate_server, &config.alternate_server));
        client_close(&new);
        assert_int_equal(client_refresh(&old[i], 600), 0);
    }
    config.alternate_server = (struct addr){0};
    assert_int_equal(server_reloaded(server, &config), 0);
    open_client(&new, 200);
    while (client_allocate(&new) == 300)
        ;
    assert_int_equal(client_refresh(&new, 0), 0);
    client_close(&new);
    for (unsigned i = 0; i < N_THREADS * 3; i++)
        client_close(&old[i]);
}

#define thread_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        thread_test(test_reservations),
        thread_test(test_left_reservation),
        thread_test(test_draining),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
