/* A Redis server that comes, goes, hangs, refuses, forgets; and processes that die beside it. */
#include "store_kit.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

/* What the owner of the store has in memory: it can always tell everything anew. */
#define RECORDS_MAX 2000
static char *records[RECORDS_MAX];
static int n_rewrites;
static struct store *store;

static void name_of(int i, char hash[static 16], char field[static 16])
{
    snprintf(hash, 16, "s:%d", i / 10);
    snprintf(field, 16, "c:%d", i);
}

static void put_record(struct store *st, int i)
{
    char hash[16], field[16];

    name_of(i, hash, field);
    store_put(st, hash, field, bytes_str(records[i]));
}

static void change(int i, const char *value)
{
    free(records[i]);
    records[i] = strdup(value);
    assert_non_null(records[i]);
    put_record(store, i);
}

static void remove_record(int i)
{
    char hash[16], field[16];

    name_of(i, hash, field);
    free(records[i]);
    records[i] = NULL;
    store_del(store, hash, field);
}

static void rewrite(struct store *st, void *arg)
{
    assert_ptr_equal(arg, records);
    n_rewrites++;
    for (int i = 0; i < RECORDS_MAX; i++) {
        if (records[i])
            put_record(st, i);
        if (i % 7 == 0)
            store_commit(st); /* it may; all of it is one transaction all the same */
    }
}

static const struct store_handlers handlers = {.on_rewrite = rewrite};

static void open_at(const char *address)
{
    assert_int_equal(store_new(kit_loop, address, "test", &handlers, records, &store), 0);
}

static bool is_up(void)
{
    return store_is_up(store);
}

static bool is_down(void)
{
    return !store_is_up(store);
}

static void wait_up(void)
{
    assert_true(kit_run_until(is_up, PATIENCE_MS));
}

static void wait_down(void)
{
    assert_true(kit_run_until(is_down, PATIENCE_MS));
}

/* With everything that comes of it. */
static void open_and_load(void)
{
    open_at(kit_address);
    assert_int_equal(kit_load(store, PATIENCE_MS), 0);
    assert_true(is_up());
}

/* Exactly the records are in the server, as the next process sees it. */
static void assert_written(void)
{
    size_t n = 0;

    store = store_free(store);
    open_and_load();
    for (int i = 0; i < RECORDS_MAX; i++) {
        char hash[16], field[16];

        if (!records[i])
            continue;
        n++;
        name_of(i, hash, field);
        assert_has(hash, field, records[i]);
    }
    assert_int_equal(n_found, n);
}

static int set_up(void **state)
{
    n_rewrites = 0;
    return kit_set_up(state);
}

static int tear_down(void **state)
{
    store = store_free(store);
    for (int i = 0; i < RECORDS_MAX; i++) {
        free(records[i]);
        records[i] = NULL;
    }
    return kit_tear_down(state);
}

static void begin(const char *const *options)
{
    server_start(options);
    open_and_load();
    for (int i = 0; i < 100; i++)
        change(i, "first");
    store_commit(store);
}

/* ---- comes and goes ---- */

static void killed_and_back_with_its_data(void **state)
{
    (void) state;
    begin(NULL);
    kit_run_for(600);
    server_stop(SIGKILL);
    wait_down();
    change(5, "while away");
    remove_record(6);
    store_commit(store);
    server_start(NULL);
    wait_up();
    assert_int_equal(n_rewrites, 1);
    change(7, "afterwards");
    store_commit(store);
    assert_written();
    assert_int_equal(n_rewrites, 1);
}

static void back_empty(void **state)
{
    (void) state;
    begin(NULL);
    server_stop(SIGTERM);
    server_forget();
    wait_down();
    server_start(NULL);
    assert_int_equal(server_ask("DBSIZE"), 0);
    wait_up();
    assert_written();
}

static void emptied_while_it_runs(void **state)
{
    (void) state;
    begin(NULL);
    kit_run_for(600);
    server_ask("FLUSHALL");
    change(1, "tells");
    store_commit(store);
    wait_down();
    wait_up();
    assert_int_equal(n_rewrites, 1);
    assert_written();
}

/* Nothing is changed, so it is found when one looks. */
static void emptied_while_idle(void **state)
{
    (void) state;
    begin(NULL);
    kit_run_for(600);
    server_ask("FLUSHALL");
    wait_down();
    wait_up();
    assert_written();
}

static void away_from_the_beginning(void **state)
{
    (void) state;
    open_at(kit_address);
    for (int i = 0; i < 10; i++)
        change(i, "early");
    store_commit(store);
    kit_run_for(300);
    assert_true(is_down());
    server_start(NULL);
    server_ask("HSET test:s:9 c:x stale");
    server_ask("SADD test:hashes s:9");
    server_ask("HSET other:s:9 c:x theirs");
    wait_up();
    assert_int_equal(n_rewrites, 1);
    assert_written();
    assert_int_equal(server_ask("EXISTS other:s:9"), 1);
    assert_int_equal(server_ask("EXISTS test:s:9"), 0);
}

static void away_for_the_load(void **state)
{
    uint64_t begin_ms = clock_ms();

    (void) state;
    open_at(kit_address);
    assert_int_equal(kit_load(store, 300), -ETIMEDOUT);
    assert_true(clock_ms() - begin_ms >= 300);
    assert_int_equal(n_found, 0);
    change(0, "later");
    server_start(NULL);
    wait_up();
    assert_written();
}

/* The server begins while it is asked; and takes its time to read its file. */
static void comes_during_the_load(void **state)
{
    pid_t starter;

    (void) state;
    begin(NULL);
    store = store_free(store);
    server_stop(SIGTERM);
    starter = fork();
    assert_true(starter >= 0);
    if (starter == 0) {
        usleep(300000);
        server_exec(NULL);
    }
    kit_server = starter;
    open_and_load();
    assert_int_equal(n_found, 100);
    assert_int_equal(n_rewrites, 0);
}

/* ---- hangs ---- */

static void hangs_longer_than_our_patience(void **state)
{
    uint64_t slowest_ms = 0;

    (void) state;
    begin(NULL);
    kit_run_for(600);
    kill(kit_server, SIGSTOP);
    for (int i = 0; i < 700 && is_up(); i++) {
        uint64_t begin_ms = clock_ms();

        change(i % 100, "while it hangs");
        store_commit(store);
        if (clock_ms() - begin_ms > slowest_ms)
            slowest_ms = clock_ms() - begin_ms;
        kit_run_for(10);
    }
    wait_down();
    change(200, "while away");
    remove_record(3);
    store_commit(store);
    kit_run_for(500);
    assert_true(is_down());
    kill(kit_server, SIGCONT);
    wait_up();
    assert_written();
    print_message("the slowest commit took %llu ms\n", (unsigned long long) slowest_ms);
}

/* More than the socket takes: the commit gives up soon. */
static void hangs_and_the_socket_is_full(void **state)
{
    static char large[1 << 20];

    (void) state;
    begin(NULL);
    memset(large, 'x', sizeof(large) - 1);
    kill(kit_server, SIGSTOP);
    for (int i = 0; i < 40 && is_up(); i++) {
        change(i, large);
        store_commit(store);
    }
    assert_true(is_down());
    kill(kit_server, SIGCONT);
    wait_up();
    assert_written();
}

/* ---- refuses ---- */

static void is_out_of_memory(void **state)
{
    (void) state;
    begin(NULL);
    kit_run_for(600);
    server_ask("CONFIG SET maxmemory 1");
    change(1, "refused");
    store_commit(store);
    wait_down();
    change(2, "away");
    store_commit(store);
    kit_run_for(500);
    assert_true(is_down());
    server_ask("CONFIG SET maxmemory 0");
    wait_up();
    assert_written();
}

/* One refused change among others that are taken does not go unseen. */
static void refuses_one_change(void **state)
{
    (void) state;
    begin(NULL);
    kit_run_for(600);
    server_ask("CONFIG SET maxmemory 1");
    change(1, "refused");
    store_commit(store);
    while (server_ask("DBSIZE") == 0) /* it has come to this */
        ;
    server_ask("CONFIG SET maxmemory 0");
    for (int i = 10; i < 20; i++) {
        change(i, "taken");
        store_commit(store);
    }
    wait_down();
    wait_up();
    assert_written();
}

static uint16_t tcp_port(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &sa, &len), 0);
    close(fd);
    return ntohs(sa.sin_port);
}

static void start_tcp(uint16_t port)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", port);
    server_start((const char *const[]){"--port", text, "--bind", "127.0.0.1", "--user", "somebody",
                                       "on", "~*", "&*", "+@all", ">p%w", NULL});
}

static void over_tcp_with_password_and_database(void **state)
{
    uint16_t port = tcp_port();
    char address[128];

    (void) state;
    start_tcp(port);
    snprintf(address, sizeof(address), "redis://somebody:p%%25w@localhost:%u/3", port);
    open_at(address);
    assert_int_equal(kit_load(store, PATIENCE_MS), 0);
    change(0, "there");
    store_commit(store);
    store = store_free(store);
    assert_int_equal(server_ask("DBSIZE"), 0); /* of database 0 */
    snprintf(address, sizeof(address), "redis://127.0.0.1:%u/3", port);
    open_at(address);
    assert_int_equal(kit_load(store, PATIENCE_MS), 0);
    assert_int_equal(n_found, 1);
    store = store_free(store);
    snprintf(address, sizeof(address), "redis://127.0.0.1:%u/99", port);
    open_at(address); /* there is no such database: nothing happens to another one */
    assert_int_equal(kit_load(store, 300), -ETIMEDOUT);
    kit_run_for(300);
    assert_true(is_down());
    assert_int_equal(server_ask("DBSIZE"), 0);
}

/* What is logged, while fn runs. */
static void capture(void (*fn)(void), char *text, size_t size)
{
    FILE *f = tmpfile();
    int saved = dup(STDERR_FILENO);
    size_t n;

    assert_non_null(f);
    dup2(fileno(f), STDERR_FILENO);
    fn();
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(f);
    n = fread(text, 1, size - 1, f);
    text[n] = '\0';
    fclose(f);
}

static char refused_address[128];

static void be_refused(void)
{
    open_at(refused_address);
    assert_int_equal(kit_load(store, 500), -ETIMEDOUT);
    kit_run_for(500);
    assert_true(is_down());
}

static void wrong_password(void **state)
{
    uint16_t port = tcp_port();
    char text[8192];

    (void) state;
    start_tcp(port);
    snprintf(refused_address, sizeof(refused_address), "redis://somebody:S3CR3T@127.0.0.1:%u",
             port);
    capture(be_refused, text, sizeof(text));
    assert_non_null(strstr(text, "WRONGPASS"));
    assert_null(strstr(text, "S3CR3T"));
    assert_null(strstr(strstr(text, "WRONGPASS") + 1, "WRONGPASS")); /* told once */
}

static void name_that_leads_nowhere(void **state)
{
    (void) state;
    open_at("redis://nobody.invalid:6379");
    assert_int_equal(kit_load(store, 500), -ETIMEDOUT);
    kit_run_for(300);
    assert_true(is_down());
    store = store_free(store);
    open_at("redis://nobody.invalid:6379"); /* freed while the name is looked up */
    kit_run_for(1);
}

/* ---- processes ---- */

static char padding[1 << 18];

/* As a daemon that is killed right after it has told somebody. */
static void child_commits(int n, size_t size, bool stop_server)
{
    struct store *st;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (loop_new(&kit_loop) < 0 ||
        store_new(kit_loop, kit_address, "test", &handlers, records, &st) < 0 ||
        store_load(st, PATIENCE_MS, on_field, found) != 0)
        _exit(1);
    if (stop_server)
        kill(kit_server, SIGSTOP);
    for (int i = 0; i < n; i++) {
        char hash[16], field[16];

        name_of(i, hash, field);
        store_put(st, hash, field, bytes_of(padding, size));
        store_commit(st);
    }
    kill(getpid(), SIGKILL);
}

static void assert_nothing_lost(int n, size_t size, bool stop_server)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0)
        child_commits(n, size, stop_server);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    if (stop_server)
        kill(kit_server, SIGCONT);
    open_and_load();
    assert_int_equal(n_found, n);
    for (size_t i = 0; i < n_found; i++)
        assert_int_equal(found[i].len, size);
    store = store_free(store);
    server_ask("FLUSHALL");
}

static void who_is_killed_loses_nothing(void **state)
{
    (void) state;
    server_start(NULL);
    for (int round = 0; round < 10; round++) {
        assert_nothing_lost(1000, 300, false);
        assert_nothing_lost(30, sizeof(padding), false); /* far beyond the socket's buffer */
    }
}

/* The server reads nothing until the process is dead. */
static void what_the_kernel_has_is_executed(void **state)
{
    (void) state;
    server_start(NULL);
    for (int round = 0; round < 10; round++)
        assert_nothing_lost(40, 2000, true);
}

static void the_next_process_waits_for_the_last(void **state)
{
    pid_t child;

    (void) state;
    server_start(NULL);
    store = NULL;
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        assert_int_equal(loop_new(&kit_loop), 0);
        open_and_load();
        change(0, "old");
        store_commit(store);
        usleep(700000);
        change(0, "new");
        change(1, "last");
        store_commit(store);
        kill(getpid(), SIGKILL);
    }
    while (server_ask("EXISTS test:s:0") == 0)
        usleep(10000);
    open_and_load();
    assert_int_equal(n_found, 2);
    assert_has("s:0", "c:0", "new");
    waitpid(child, NULL, 0);
}

static bool has_lost_its_contact;

static bool sees_the_end(void)
{
    has_lost_its_contact |= is_down();
    return has_lost_its_contact;
}

/* It stays on: then it is put out. */
static void a_process_that_stays_is_put_out(void **state)
{
    pid_t child;
    int status;

    (void) state;
    server_start(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        assert_int_equal(loop_new(&kit_loop), 0);
        open_and_load();
        change(0, "old");
        store_commit(store);
        _exit(kit_run_until(sees_the_end, PATIENCE_MS) ? 0 : 1);
    }
    while (server_ask("EXISTS test:s:0") == 0)
        usleep(10000);
    open_at(kit_address);
    assert_int_equal(kit_load(store, 2000), 0);
    assert_int_equal(n_found, 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void strange_prefixes(void **state)
{
    char long_one[282];
    const char *const bad[] = {"", "a b", "a\n", "a*", long_one};

    (void) state;
    memset(long_one, 'a', sizeof(long_one));
    long_one[281] = '\0';
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(store_new(kit_loop, kit_address, bad[i], &handlers, NULL, &store),
                         -EINVAL);
    assert_int_equal(store_new(kit_loop, "http://a", "a", &handlers, NULL, &store), -EINVAL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_and_back_with_its_data),
        TEST(back_empty),
        TEST(emptied_while_it_runs),
        TEST(emptied_while_idle),
        TEST(away_from_the_beginning),
        TEST(away_for_the_load),
        TEST(comes_during_the_load),
        TEST(hangs_longer_than_our_patience),
        TEST(hangs_and_the_socket_is_full),
        TEST(is_out_of_memory),
        TEST(refuses_one_change),
        TEST(over_tcp_with_password_and_database),
        TEST(wrong_password),
        TEST(name_that_leads_nowhere),
        TEST(who_is_killed_loses_nothing),
        TEST(what_the_kernel_has_is_executed),
        TEST(the_next_process_waits_for_the_last),
        TEST(a_process_that_stays_is_put_out),
        TEST(strange_prefixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
