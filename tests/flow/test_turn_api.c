/* The link between signaling and TURN: a real server with several threads, clients, and somebody
 * who speaks as signaling does. */
#include "turn_client.h"

#include "link/link.h"
#include "link/turn_api.h"
#include "tests/lib/free_port.h"
#include "turn/api.h"

#include <sys/socket.h>
#include <time.h>

#define N_THREADS 3
#define N_CLIENTS 12

static struct server_under_test under; /* what clients want to know: the loop and the port */
static struct turn_config config;
static struct server *server;
static struct api *api;
static struct link *lnk;
static struct client clients[N_CLIENTS];
static bool closed;

static void on_closed(struct link *k, int error, void *arg)
{
    (void) k, (void) error, (void) arg;
    closed = true;
    loop_quit(under.loop, 0);
}

/* Another signaling daemon's connection. */
static struct link *dial(void)
{
    static const struct link_handlers handlers = {.on_closed = on_closed};
    struct link *k;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(api_add_peer(api, fds[0]), 0);
    assert_int_equal(link_new(under.loop, fds[1], &handlers, NULL, &k), 0);
    return k;
}

struct answer {
    bool is_there;
    int code; /* of the error */
    json_t *result;
};

static void on_answer(const struct link_answer *a, void *arg)
{
    struct answer *answer = arg;

    answer->is_there = true;
    answer->result = json_incref(a->result);
    answer->code = a->error == -EREMOTEIO ? a->code : a->error;
    loop_quit(under.loop, 0);
}

/* Steals params. */
static struct answer call(const char *method, json_t *params)
{
    struct answer answer = {.result = NULL};

    assert_int_equal(link_call(lnk, method, params, GUARD_US / 1000, on_answer, &answer), 0);
    while (!answer.is_there)
        assert_int_equal(loop_run(under.loop), 0);
    return answer;
}

static json_t *ask(const char *method, json_t *params)
{
    struct answer answer = call(method, params);

    assert_int_equal(answer.code, 0);
    return answer.result;
}

static void tell(const char *method, json_t *params)
{
    json_decref(ask(method, params));
}

static int fails(const char *method, json_t *params)
{
    struct answer answer = call(method, params);

    assert_null(answer.result);
    return answer.code;
}

static json_t *hello(void)
{
    return ask("hello", json_pack("{s:s, s:s}", "client", "signaling", "instance", "x"));
}

static json_t *only(const struct client *c)
{
    return json_pack("{s:[s]}", "usernames", c->user);
}

static int64_t number(json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}

static size_t n_left(void)
{
    return quota_count(server_quota(server));
}

/* Each of a user name of its own, valid for an hour. */
static void open_clients(void)
{
    char user[64];

    for (unsigned i = 0; i < N_CLIENTS; i++) {
        client_open(&clients[i], &under, "127.0.0.1", "127.0.0.1");
        snprintf(user, sizeof(user), "%lld:user%u", (long long) time(NULL) + 3600, i);
        client_set_user(&clients[i], SECRET, user);
    }
}

static int setup(void **state)
{
    (void) state;
    log_init("test", LOG_LEVEL_ERROR);
    config = default_config("127.0.0.1");
    config.listen[0].addr.port = free_port();
    config.n_threads = N_THREADS;
    config.total_quota = 1000;
    closed = false;
    assert_int_equal(loop_new(&under.loop), 0);
    assert_int_equal(server_new(&config, NULL, &server), 0);
    assert_int_equal(api_new(under.loop, NULL, server, &api), 0);
    under.worker.listeners[0].bound.port = config.listen[0].addr.port;
    open_clients();
    lnk = dial();
    json_decref(hello());
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    for (unsigned i = 0; i < N_CLIENTS; i++)
        client_close(&clients[i]);
    link_free(lnk);
    assert_null(server_free(server));
    assert_null(api_free(api));
    loop_free(under.loop);
    return 0;
}

static void test_hello(void **state)
{
    struct link *old = lnk;
    json_t *first = hello(), *second;

    (void) state;
    assert_string_equal(json_string_value(json_object_get(first, "node")), "turn");
    assert_true(json_is_boolean(json_object_get(first, "sha256")));
    lnk = dial();
    assert_int_equal(fails("revoke", only(&clients[0])), -32600);
    assert_int_equal(fails("usage", NULL), -32600);
    assert_int_equal(fails("hello", NULL), -32602);
    assert_int_equal(fails("hello", json_pack("{s:s}", "client", "turn")), -32602);
    assert_false(closed);
    second = hello(); /* takes the other's place */
    if (!closed)
        assert_int_equal(loop_run(under.loop), 0);
    assert_true(closed);
    assert_string_equal(json_string_value(json_object_get(first, "instance")),
                        json_string_value(json_object_get(second, "instance")));
    json_decref(first);
    json_decref(second);
    link_free(old);
    assert_int_equal(fails("rubbish", NULL), -32601);
}

static void test_wrong_parameters(void **state)
{
    static const char *const methods[] = {"revoke", "issued", "usage"};
    json_t *many = json_array();
    char name[80];

    (void) state;
    for (size_t i = 0; i < TURN_API_NAMES_MAX + 1; i++)
        json_array_append_new(many, json_string("1:a"));
    memset(name, '1', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fails(methods[i], json_pack("{s:s}", "usernames", "1:a")), -32602);
        assert_int_equal(fails(methods[i], json_pack("{s:[i]}", "usernames", 5)), -32602);
        assert_int_equal(fails(methods[i], json_pack("{s:[s]}", "usernames", name)), -32602);
        assert_int_equal(fails(methods[i], json_pack("{s:O}", "usernames", many)), -32602);
    }
    assert_int_equal(fails("revoke", NULL), -32602);
    assert_int_equal(fails("issued", json_object()), -32602);
    assert_int_equal(fails("usage", json_pack("{s:s}", "from", "x")), -32602);
    assert_int_equal(fails("usage", json_pack("{s:i}", "from", -1)), -32602);
    json_array_remove(many, 0);
    tell("revoke", json_pack("{s:o}", "usernames", many));
    tell("revoke", json_pack("{s:[s, s]}", "usernames", "nobody", ""));
}

/* On whichever thread they are; the others stay. */
static void test_revoke(void **state)
{
    json_t *result, *users, *usage;

    (void) state;
    for (unsigned i = 0; i < N_CLIENTS; i++)
        assert_int_equal(client_allocate(&clients[i]), 0);
    assert_int_equal(n_left(), N_CLIENTS);
    for (unsigned i = 0; i < N_CLIENTS / 2; i++) {
        result = ask("revoke", only(&clients[i]));
        assert_int_equal(n_left(), N_CLIENTS - 1 - i); /* when it is answered it is done */
        users = json_object_get(result, "users");
        assert_int_equal(json_array_size(users), 1);
        usage = json_array_get(users, 0);
        assert_string_equal(json_string_value(json_object_get(usage, "username")), clients[i].user);
        assert_int_equal(number(usage, "allocations"), 0);
        assert_int_equal(number(usage, "allocationsMade"), 1);
        json_decref(result);
    }
    for (unsigned i = 0; i < N_CLIENTS / 2; i++)
        assert_int_equal(client_allocate(&clients[i]), 401);
    for (unsigned i = N_CLIENTS / 2; i < N_CLIENTS; i++)
        assert_int_equal(client_refresh(&clients[i], 600), 0);

    result = ask("revoke", only(&clients[0])); /* again: nothing is known any more */
    assert_int_equal(json_array_size(json_object_get(result, "users")), 0);
    json_decref(result);

    /* Before it has begun. */
    tell("revoke", json_pack("{s:[s]}", "usernames", "9999999999:late"));
    client_set_user(&clients[0], SECRET, "9999999999:late");
    assert_int_equal(client_allocate(&clients[0]), 401);
}

/* Whom a signaling daemon has named and the next one does not know of, is gone. */
static void test_signaling_returns(void **state)
{
    json_t *result;

    (void) state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(client_allocate(&clients[i]), 0);
    tell("issued", json_pack("{s:[s, s]}", "usernames", clients[0].user, clients[1].user));
    tell("issued", json_pack("{s:[s, s]}", "usernames", clients[2].user, "nonsense"));
    tell("revoke", json_pack("{s:[s, s]}", "usernames", "nonsense", "unsaid"));
    result = ask("synced", NULL);
    assert_int_equal(number(result, "revoked"), 0);
    json_decref(result);
    assert_int_equal(n_left(), 4);

    link_free(lnk);
    lnk = dial();
    json_decref(hello());
    tell("issued", json_pack("{s:[s, s]}", "usernames", clients[1].user, "9999999999:new"));
    result = ask("synced", NULL);
    assert_int_equal(number(result, "revoked"), 2);
    json_decref(result);
    assert_int_equal(n_left(), 2); /* the fourth was somebody else's */
    assert_int_equal(client_refresh(&clients[0], 600), 401);
    assert_int_equal(client_refresh(&clients[1], 600), 0);
    assert_int_equal(client_refresh(&clients[2], 600), 401);
    assert_int_equal(client_refresh(&clients[3], 600), 0);
}

static void test_usage(void **state)
{
    struct peers_media media = {.via = {0}};
    struct peers *peers;
    struct addr relayed;
    json_t *result, *usage;
    int fd = open_socket("127.0.0.1", &media.addr);

    (void) state;
    assert_int_equal(peers_new(&(struct peers_rules){.media = &media, .n_media = 1}, &peers), 0);
    assert_int_equal(server_set_peers(server, peers), 0);
    peers_unref(peers);
    assert_int_equal(client_allocate(&clients[0]), 0);
    relayed = clients[0].reply.xor_relayed;
    assert_int_equal(client_bind(&clients[0], 0x4000, &media.addr), 0);
    client_send_channel(&clients[0], 0x4000, "12345");
    client_expect_silence(&clients[0]);
    send_to(fd, &relayed, "1234567");
    assert_int_equal(client_receive(&clients[0]).len, 4 + 7);

    result = ask("usage", json_pack("{s:[s, s]}", "usernames", clients[1].user, clients[0].user));
    assert_int_equal(json_array_size(json_object_get(result, "users")), 1);
    usage = json_array_get(json_object_get(result, "users"), 0);
    assert_string_equal(json_string_value(json_object_get(usage, "username")), clients[0].user);
    assert_int_equal(number(usage, "allocations"), 1);
    assert_int_equal(number(usage, "packetsIn"), 1);
    assert_int_equal(number(usage, "bytesIn"), 5);
    assert_int_equal(number(usage, "packetsOut"), 1);
    assert_int_equal(number(usage, "bytesOut"), 7);
    assert_int_equal(number(usage, "packetsDropped"), 0);
    assert_in_range(number(usage, "sinceMs"), (time(NULL) - 60) * 1000, (time(NULL) + 1) * 1000);
    json_decref(result);
    close(fd);
}

static void test_usage_in_parts(void **state)
{
    static const unsigned n_users = 450;
    struct quota_user *users[450];
    json_t *seen = json_object(), *result, *usage;
    json_int_t from = 0;
    char name[32];
    unsigned parts = 0;
    size_t i;

    (void) state;
    for (unsigned u = 0; u < n_users; u++) {
        snprintf(name, sizeof(name), "1:%u", u);
        assert_int_equal(quota_take(server_quota(server), bytes_str(name), &users[u]), 0);
    }
    do {
        result = ask("usage", from ? json_pack("{s:I}", "from", from) : NULL);
        json_array_foreach (json_object_get(result, "users"), i, usage)
            json_object_set(seen, json_string_value(json_object_get(usage, "username")), usage);
        from = json_integer_value(json_object_get(result, "next"));
        json_decref(result);
        parts++;
    } while (from != 0);
    assert_int_equal(json_object_size(seen), n_users);
    assert_in_range(parts, 2, 10);
    json_decref(seen);
    for (unsigned u = 0; u < n_users; u++)
        quota_give(server_quota(server), users[u]);
}

/* The server ends while it is asked, and signaling hangs up before it has its answer. */
static void test_ends_in_between(void **state)
{
    static struct answer answer;

    (void) state;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(client_allocate(&clients[i]), 0);
    assert_int_equal(link_call(lnk, "revoke", only(&clients[0]), 1000, on_answer, &answer), 0);
    lnk = link_free(lnk);
    assert_int_equal(answer.code, -ECONNRESET);
    assert_int_equal(loop_run(under.loop), 0);           /* on_answer's end */
    assert_int_equal(client_allocate(&clients[0]), 401); /* it was read nevertheless */

    lnk = dial();
    json_decref(hello());
    assert_int_equal(link_call(lnk, "usage", NULL, 1000, on_answer, &answer), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_parameters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_revoke, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signaling_returns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_usage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_usage_in_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ends_in_between, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
