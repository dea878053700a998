/* visavis-turn as a program: its api socket, its own or handed down, and its file of numbers. */
#include "turn_client.h"

#include "link/link.h"
#include "tests/lib/child.h"
#include "tests/lib/free_port.h"

#include <sys/socket.h>
#include <sys/un.h>

#define PATIENCE_MS 20000

static struct server_under_test under; /* what clients want to know: the loop and the port */
static struct child *daemon_child;
static struct link_dialer *dialer;
static struct client c;
static json_t *result;
static char api[CHILD_PATH_SIZE], numbers[CHILD_PATH_SIZE];

static void configure(bool own_socket)
{
    struct addr at = ip("127.0.0.1", free_port());
    char text[ADDR_TEXT_SIZE], media[CHILD_PATH_SIZE];

    under.worker.listeners[0].bound.port = at.port;
    assert_int_equal(child_new("visavis-turn", &daemon_child), 0);
    child_path(daemon_child, "api", api);
    child_path(daemon_child, "turn.prom", numbers);
    assert_int_equal(child_write(daemon_child, "config",
                                 "listen = [\"udp:%s\"];\nsecret = \"%s\";\nrealm = \"%s\";\n"
                                 "media = [\"%s\"];\nmetrics = \"%s\";\n%s%s%s",
                                 addr_format(&at, text), SECRET, REALM,
                                 child_path(daemon_child, "media", media), numbers,
                                 own_socket ? "api = \"" : "", own_socket ? api : "",
                                 own_socket ? "\";\n" : ""),
                     0);
}

static int setup(void **state)
{
    (void) state;
    log_init("test", LOG_LEVEL_ERROR);
    result = NULL;
    dialer = NULL;
    assert_int_equal(loop_new(&under.loop), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    link_dialer_free(dialer);
    daemon_child = child_free(daemon_child);
    json_decref(result);
    loop_free(under.loop);
    return 0;
}

static void on_answer(const struct link_answer *a, void *arg)
{
    (void) arg;
    assert_int_equal(a->error, 0);
    json_decref(result);
    result = json_incref(a->result);
    loop_quit(under.loop, 0);
}

static void ask(const char *method, json_t *params)
{
    assert_int_equal(
        link_call(link_dialer_link(dialer), method, params, PATIENCE_MS, on_answer, NULL), 0);
    assert_int_equal(loop_run(under.loop), 0);
}

static void on_up(struct link_dialer *d, struct link *k, void *arg)
{
    (void) d, (void) arg;
    assert_int_equal(link_call(k, "hello", json_pack("{s:s}", "client", "signaling"), PATIENCE_MS,
                               on_answer, NULL),
                     0);
}

static void dial(const char *path)
{
    static const struct link_dialer_handlers handlers = {.on_up = on_up};

    assert_int_equal(link_dial(under.loop, path, &handlers, NULL, &dialer), 0);
    assert_int_equal(loop_run(under.loop), 0);
    assert_string_equal(json_string_value(json_object_get(result, "node")), "turn");
}

static void open_client(void)
{
    char user[64];

    client_open(&c, &under, "127.0.0.1", "127.0.0.1");
    snprintf(user, sizeof(user), "%lld:one", (long long) (clock_wall_ms() / 1000 + 3600));
    client_set_user(&c, SECRET, user);
}

static bool file_has(const char *line)
{
    char text[32768] = "\n", with_ends[256];
    FILE *f = fopen(numbers, "r");

    if (f) {
        text[1 + fread(text + 1, 1, sizeof(text) - 2, f)] = '\0';
        fclose(f);
    }
    snprintf(with_ends, sizeof(with_ends), "\n%s\n", line);
    return strstr(text, with_ends);
}

static void await_line(const char *line)
{
    for (int i = 0; i < PATIENCE_MS / 10 && !file_has(line); i++)
        usleep(10000);
    assert_true(file_has(line));
}

static void test_own_socket(void **state)
{
    (void) state;
    configure(true);
    assert_int_equal(child_start_daemon(daemon_child, "visavis-turn"), 0);
    await_line("visavis_turn_allocations{transport=\"udp\"} 0");
    dial(api);
    open_client();
    assert_int_equal(client_allocate(&c), 0);
    ask("usage", NULL);
    assert_int_equal(json_array_size(json_object_get(result, "users")), 1);
    ask("revoke", json_pack("{s:[s]}", "usernames", c.user));
    assert_int_equal(json_array_size(json_object_get(result, "users")), 1);
    assert_int_equal(client_allocate(&c), 401);
    assert_int_equal(child_wait_told(daemon_child, "0 allocations, 1 refused", PATIENCE_MS), 0);
    client_close(&c);
}

/* A service manager's socket, on which somebody waits already. */
static void test_handed_socket(void **state)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void) state;
    configure(false);
    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", api);
    assert_int_equal(bind(fd, (struct sockaddr *) &sun, sizeof(sun)), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(child_give_socket(daemon_child, fd, "turn"), 0);
    assert_int_equal(child_start_daemon(daemon_child, "visavis-turn"), 0);
    close(fd);
    dial(api);
}

/* At the end there is nobody any more. */
static void test_last_numbers(void **state)
{
    (void) state;
    configure(false);
    assert_int_equal(child_start_daemon(daemon_child, "visavis-turn"), 0);
    open_client();
    assert_int_equal(client_allocate(&c), 0);
    assert_int_equal(child_stop(daemon_child), 0);
    assert_true(file_has("visavis_turn_allocations{transport=\"udp\"} 0"));
    assert_true(file_has("visavis_turn_allocations_made_total{transport=\"udp\"} 1"));
    assert_true(file_has("visavis_turn_requests_refused_total{reason=\"unauthenticated\"} 1"));
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_own_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handed_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_last_numbers, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
