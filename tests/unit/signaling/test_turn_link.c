/* turn_link against a TURN server that is played on the same loop. */
#include "signaling/turn_link.h"

#include "base/log.h"
#include "link/turn_api.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GUARD_US 20000000

static struct loop *loop;
static char dir[32], path[48];
static struct turn_link *turn;
static char participants[4][32]; /* who is there when the link comes up */
static size_t n_participants;

/* The played server, and what it heard: "hello issued 9:a 9:b; synced" */
static struct link_listener *listener;
static struct link *server;
static char heard[8192];
static const char *last;   /* the method at which the loop ends */
static const char *refuse; /* the method that fails once */
static size_t n_names;
static unsigned n_parts; /* of usage, still to come */

static void note(const char *text)
{
    strncat(heard, text, sizeof(heard) - strlen(heard) - 1);
}

static void note_names(json_t *params)
{
    json_t *names = json_object_get(params, "usernames"), *name;
    size_t i;

    n_names += json_array_size(names);
    assert_true(json_array_size(names) <= TURN_API_NAMES_MAX);
    if (json_array_size(names) > 4)
        return;
    json_array_foreach (names, i, name) {
        note(" ");
        note(json_string_value(name));
    }
}

static json_t *usage_part(json_t *params)
{
    json_t *from = json_object_get(params, "from");
    char name[32];

    snprintf(name, sizeof(name), "9:%lld", (long long) json_integer_value(from));
    n_parts--;
    return n_parts > 0 ? json_pack("{s:[{s:s}], s:i}", "users", "username", name, "next", n_parts)
                       : json_pack("{s:[{s:s}]}", "users", "username", name);
}

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    bool refused = refuse && strcmp(method, refuse) == 0;

    (void) k, (void) arg;
    note(*heard ? "; " : "");
    note(method);
    note_names(params);
    if (refused) {
        refuse = NULL;
        note(" no");
        link_reply_error(rq, -32603, "out of memory");
    } else {
        link_reply(rq, strcmp(method, "usage") == 0 ? usage_part(params) : NULL);
    }
    if (!refused && last && strcmp(method, last) == 0)
        loop_quit(loop, 0);
}

static void on_closed(struct link *k, int error, void *arg)
{
    (void) error, (void) arg;
    server = link_free(k);
    if (!last)
        loop_quit(loop, 0);
}

static void on_accept(struct link_listener *ls, int fd, void *arg)
{
    static const struct link_handlers handlers = {.on_request = on_request, .on_closed = on_closed};

    (void) ls, (void) arg;
    server = link_free(server);
    assert_int_equal(link_new(loop, fd, &handlers, NULL, &server), 0);
}

static void serve(void)
{
    assert_int_equal(link_listen(loop, path, on_accept, NULL, &listener), 0);
}

static void go_away(void)
{
    listener = link_listener_free(listener);
    server = link_free(server);
}

static void on_guard(struct loop_timer *t)
{
    loop_quit(t->loop, 1);
}

static void run(void)
{
    struct loop_timer guard = {0};

    assert_int_equal(loop_timer_start(&guard, loop, GUARD_US, on_guard), 0);
    if (loop_run(loop) != 0)
        fail_msg("waiting for %s; heard: %s", last ? last : "the end", heard);
    loop_timer_done(&guard);
}

/* Until the server is asked this; NULL: until the link ends. */
static void run_until(const char *method)
{
    last = method;
    heard[0] = '\0';
    n_names = 0;
    run();
}

static void tell_all(struct turn_link *t, void *arg)
{
    (void) arg;
    for (size_t i = 0; i < n_participants; i++)
        turn_link_issued(t, participants[i]);
}

static void arrive(const char *name)
{
    snprintf(participants[n_participants++], sizeof(participants[0]), "%s", name);
    turn_link_issued(turn, name);
}

static int setup(void **state)
{
    (void) state;
    log_init("test", LOG_LEVEL_ERROR);
    strcpy(dir, "/tmp/test_turn_link_XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/api", dir);
    n_participants = 0;
    refuse = NULL;
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(turn_link_new(loop, path, tell_all, NULL, &turn), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    turn = turn_link_free(turn);
    go_away();
    loop_free(loop);
    rmdir(dir);
    return 0;
}

static void test_comes_up(void **state)
{
    (void) state;
    arrive("9999999999:a");
    arrive("9999999999:b");
    arrive(""); /* has no credential */
    serve();
    run_until("synced");
    assert_string_equal(heard, "hello; issued 9999999999:a 9999999999:b; synced");
    turn_link_issued(turn, "9999999999:c");
    turn_link_issued(turn, "9999999999:d");
    run_until("issued");
    assert_string_equal(heard, "issued 9999999999:c 9999999999:d");
    turn_link_revoke(turn, "9999999999:c", (struct log_ids){.connection = "c"});
    turn_link_revoke(turn, "9999999999:d", (struct log_ids){.connection = "d"});
    turn_link_revoke(turn, "", (struct log_ids){.connection = "nobody"});
    run_until("revoke");
    assert_string_equal(heard, "revoke 9999999999:c 9999999999:d");
}

static void test_nobody(void **state)
{
    (void) state;
    turn_link_issued(NULL, "9999999999:a");
    turn_link_revoke(NULL, "9999999999:a", (struct log_ids){.connection = "a"});
    serve();
    run_until("synced");
    assert_string_equal(heard, "hello; synced");
}

/* What ended while nobody listened, and what ended before: a server that was restarted has
 * forgotten. What is over by itself is told once, for what was allocated in time. */
static void test_comes_back(void **state)
{
    (void) state;
    arrive("9999999999:a");
    turn_link_revoke(turn, "9999999999:x", (struct log_ids){.connection = "x"});
    turn_link_revoke(turn, "5:over", (struct log_ids){.connection = "over"});
    serve();
    run_until("synced");
    assert_string_equal(heard, "hello; revoke 5:over 9999999999:x; issued 9999999999:a; synced");
    go_away();
    turn_link_revoke(turn, "9999999998:y", (struct log_ids){.connection = "y"});
    serve();
    run_until("synced");
    assert_non_null(strstr(heard, "hello; revoke 9999999998:y 9999999999:x; issued"));
}

/* Never is it said that all are told when one part was not heard: they would be revoked. */
static void test_a_part_fails(void **state)
{
    (void) state;
    arrive("9999999999:a");
    refuse = "issued";
    serve();
    run_until("synced");
    assert_string_equal(heard, "hello; issued 9999999999:a no; "
                               "hello; issued 9999999999:a; synced");
    refuse = "revoke";
    turn_link_revoke(turn, "9999999999:b", (struct log_ids){.connection = "b"});
    run_until("synced");
    assert_string_equal(heard, "revoke 9999999999:b no; "
                               "hello; revoke 9999999999:b; issued 9999999999:a; synced");
}

static void test_hello_fails(void **state)
{
    (void) state;
    refuse = "hello";
    serve();
    run_until("synced");
    assert_string_equal(heard, "hello no; hello; synced");
}

static void test_many(void **state)
{
    enum { MANY = 2 * TURN_API_NAMES_MAX + 5 };
    char name[32];

    (void) state;
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "9999999999:%u", i);
        turn_link_revoke(turn, name, (struct log_ids){.connection = "somebody"});
    }
    serve();
    run_until("synced");
    assert_string_equal(heard, "hello; revoke; revoke; revoke; synced");
    assert_int_equal(n_names, MANY);
    for (unsigned i = 0; i < TURN_API_NAMES_MAX; i++) {
        snprintf(name, sizeof(name), "9999999999:more%u", i);
        turn_link_revoke(turn, name, (struct log_ids){.connection = "somebody"});
    }
    run_until("revoke");
    assert_int_equal(n_names, TURN_API_NAMES_MAX);
}

/* What is revoked last is said yet. */
static void test_last_words(void **state)
{
    (void) state;
    serve();
    run_until("synced");
    turn_link_revoke(turn, "9999999999:a", (struct log_ids){.connection = "a"});
    turn = turn_link_free(turn);
    run_until(NULL);
    assert_string_equal(heard, "revoke 9999999999:a");
}

struct seen {
    unsigned n_calls;
    int error;
    size_t n;
};

static void on_usage(int error, json_t *users, void *arg)
{
    struct seen *s = arg;

    s->n_calls++;
    s->error = error;
    s->n = json_array_size(users);
    loop_quit(loop, 0);
}

static void test_usage(void **state)
{
    struct seen s = {.n_calls = 0};

    (void) state;
    assert_int_equal(turn_link_usage(turn, on_usage, &s), -ENOTCONN);
    serve();
    run_until("synced");
    n_parts = 3;
    last = NULL;
    assert_int_equal(turn_link_usage(turn, on_usage, &s), 0);
    run();
    assert_int_equal(s.n_calls, 1);
    assert_int_equal(s.error, 0);
    assert_int_equal(s.n, 3);

    refuse = "usage";
    assert_int_equal(turn_link_usage(turn, on_usage, &s), 0);
    run();
    assert_int_equal(s.n_calls, 2);
    assert_int_equal(s.error, -EREMOTEIO);

    n_parts = 3;
    assert_int_equal(turn_link_usage(turn, on_usage, &s), 0);
    turn = turn_link_free(turn);
    assert_int_equal(s.n_calls, 3);
    assert_int_equal(s.error, -ECONNRESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_comes_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_part_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hello_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_last_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_usage, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
