/* A participant's TURN credential dies with the participant: the real signaling daemon beside a
 * real TURN server, whose link it keeps; both come and go. */
#include "signaling_kit.h"
#include "turn_client.h"

#include "tests/lib/free_port.h"
#include "turn/api.h"

static struct kit *kit;
static struct server_under_test under; /* what clients want to know: the loop and the port */
static struct turn_config config;
static struct server *server;
static struct api *api;
static char api_path[64], log_path[80];

static void start_turn(void)
{
    assert_int_equal(server_new(&config, NULL, &server), 0);
    assert_int_equal(api_new(under.loop, api_path, server, &api), 0);
}

static void stop_turn(void)
{
    server = server_free(server);
    api = api_free(api);
}

static void settings(char *text, size_t size)
{
    snprintf(text, size, "coturn_ip = \"127.0.0.1\";\nturn_secret = \"%s\";\nturn_api = \"%s\";\n",
             SECRET, api_path);
}

/* The daemon's log goes to a file: own is where ours went before. */
static int redirect_log(void)
{
    int own = dup(STDERR_FILENO);
    FILE *f = fopen(log_path, "a");

    assert_true(own >= 0 && f && dup2(fileno(f), STDERR_FILENO) >= 0);
    fclose(f);
    return own;
}

static void restore_log(int own)
{
    dup2(own, STDERR_FILENO);
    close(own);
}

static bool log_has(const char *text)
{
    char *content = calloc(1, 1u << 20);
    FILE *f = fopen(log_path, "r");
    bool has = fread(content, 1, (1u << 20) - 1, f) > 0 && strstr(content, text);

    fclose(f);
    free(content);
    return has;
}

/* ---- waiting ---- */

struct wait {
    struct loop_timer timer;
    size_t (*number)(void);
    size_t wanted;
    unsigned tries;
};

static void on_look(struct loop_timer *t)
{
    struct wait *w = container_of(t, struct wait, timer);

    if (w->number() == w->wanted)
        loop_quit(t->loop, 0);
    else if (w->tries-- == 0)
        loop_quit(t->loop, 1);
    else
        loop_timer_start(t, t->loop, 5000, on_look);
}

/* Runs TURN's main thread until the number is what it should be. */
static void await(size_t (*number)(void), size_t wanted)
{
    struct wait w = {.number = number, .wanted = wanted, .tries = 4000};

    assert_int_equal(loop_timer_start(&w.timer, under.loop, 0, on_look), 0);
    if (loop_run(under.loop) != 0)
        fail_msg("%zu instead of %zu", number(), wanted);
    loop_timer_done(&w.timer);
}

static size_t is_ready(void)
{
    return log_has("turn: ready");
}

static void start_signaling(void)
{
    int own = redirect_log();
    char text[512];

    settings(text, sizeof(text));
    kit = kit_start(text);
    restore_log(own);
    await(is_ready, 1);
}

static void start_signaling_again(void)
{
    int own = redirect_log();

    kit->pid = fork();
    if (kit->pid == 0)
        kit_exec(kit);
    restore_log(own);
    assert_true(kit_is_up(kit));
}

static int setup(void **state)
{
    (void) state;
    log_init("test", LOG_LEVEL_ERROR);
    strcpy(api_path, "/tmp/visavis-turn-XXXXXX");
    assert_non_null(mkdtemp(api_path));
    snprintf(log_path, sizeof(log_path), "%s.log", api_path);
    strcat(api_path, "/api");
    config = default_config("127.0.0.1");
    config.listen[0].addr.port = free_port();
    config.n_threads = 2;
    assert_int_equal(loop_new(&under.loop), 0);
    under.worker.listeners[0].bound.port = config.listen[0].addr.port;
    start_turn();
    start_signaling();
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    kit_stop(kit);
    stop_turn();
    loop_free(under.loop);
    unlink(log_path);
    *strrchr(api_path, '/') = '\0';
    rmdir(api_path);
    return 0;
}

static size_t n_allocated(void)
{
    return quota_count(server_quota(server));
}

static size_t n_revoked(void)
{
    return quota_n_revoked(server_quota(server));
}

/* ---- participants ---- */

struct person {
    struct peer *peer;
    struct client client;
};

/* Joins; what it was told is what its client signs with. */
static void enter(struct person *p, const char *session, const char *role)
{
    char credential[64];
    json_t *r;

    p->peer = peer_join(kit, session, role, &r);
    client_open(&p->client, &under, "127.0.0.1", "127.0.0.1");
    client_set_user(&p->client, SECRET, string_of(r, "turnUsername"));
    snprintf(credential, sizeof(credential), "%s", string_of(r, "turnCredential"));
    assert_int_equal(strlen(credential), 28);
    json_decref(r);
}

static void enter_and_allocate(struct person *p, const char *session, const char *role)
{
    enter(p, session, role);
    assert_int_equal(client_allocate(&p->client), 0);
}

static void go(struct person *p)
{
    peer_close(p->peer);
    client_close(&p->client);
}

/* ---- the tests ---- */

/* By each of the ways. */
static void test_ends(void **state)
{
    struct person moderator, a, b, c, d;
    char path[256];

    (void) state;
    kit_make_session(kit, "S");
    enter_and_allocate(&moderator, "S", "MODERATOR");
    enter_and_allocate(&a, "S", "PUBLISHER");
    enter_and_allocate(&b, "S", "PUBLISHER");
    enter_and_allocate(&c, "S", "SUBSCRIBER");
    enter_and_allocate(&d, "S", "SUBSCRIBER");
    assert_int_equal(n_allocated(), 5);

    peer_do(a.peer, "leaveRoom", NULL);
    await(n_allocated, 4);
    assert_int_equal(client_refresh(&a.client, 600), 401);
    assert_int_equal(client_allocate(&a.client), 401);

    peer_do(moderator.peer, "forceDisconnect", json_pack("{s:s}", "connectionId", b.peer->id));
    await(n_allocated, 3);
    assert_int_equal(client_allocate(&b.client), 401);

    snprintf(path, sizeof(path), "sessions/S/connection/%s", c.peer->id);
    assert_int_equal(kit_rest(kit, "DELETE", path, "", NULL), 204);
    await(n_allocated, 2);
    assert_int_equal(client_allocate(&c.client), 401);
    assert_int_equal(client_refresh(&d.client, 600), 0);

    assert_int_equal(kit_rest(kit, "DELETE", "sessions/S", "", NULL), 204);
    await(n_allocated, 0);
    assert_int_equal(client_allocate(&d.client), 401);
    assert_int_equal(client_allocate(&moderator.client), 401);
    go(&moderator);
    go(&a);
    go(&b);
    go(&c);
    go(&d);
}

/* The page is closed before its Allocate is answered. */
static void test_page_closed_meanwhile(void **state)
{
    struct person a;

    (void) state;
    kit_make_session(kit, "S");
    enter(&a, "S", "PUBLISHER");
    client_get_nonce(&a.client);
    peer_do(a.peer, "leaveRoom", NULL);
    await(n_revoked, 1);
    assert_int_equal(client_allocate(&a.client), 401);
    assert_int_equal(n_allocated(), 0);
    go(&a);
}

static size_t n_logged(void)
{
    return log_has("TURN relayed 5 bytes from it and 0 to it, by 1 allocations");
}

static void test_use_is_logged(void **state)
{
    struct person a;
    struct addr media;
    int fd = open_socket("127.0.0.1", &media);
    struct peers *peers = peers_of(&media, 1);

    (void) state;
    assert_int_equal(server_set_peers(server, peers), 0);
    peers_unref(peers);
    kit_make_session(kit, "S");
    enter_and_allocate(&a, "S", "PUBLISHER");
    assert_int_equal(client_bind(&a.client, 0x4000, &media), 0);
    client_send_channel(&a.client, 0x4000, "12345");
    client_expect_silence(&a.client);
    peer_do(a.peer, "leaveRoom", NULL);
    await(n_allocated, 0);
    await(n_logged, 1);
    assert_true(log_has("[session S connection con_"));
    assert_false(log_has(SECRET));
    go(&a);
    close(fd);
}

/* What ends while nobody listens is told when the link is up again, and to a server that was
 * restarted as well. */
static void test_turn_is_away(void **state)
{
    struct person a, b;

    (void) state;
    kit_make_session(kit, "S");
    enter_and_allocate(&a, "S", "PUBLISHER");
    enter_and_allocate(&b, "S", "PUBLISHER");
    api = api_free(api); /* the link alone */
    peer_do(a.peer, "leaveRoom", NULL);
    assert_int_equal(n_allocated(), 2);
    assert_int_equal(api_new(under.loop, api_path, server, &api), 0);
    await(n_allocated, 1);
    assert_int_equal(client_refresh(&b.client, 600), 0);

    stop_turn();
    start_turn();
    await(n_revoked, 1);
    assert_int_equal(client_allocate(&a.client), 401);
    assert_int_equal(client_allocate(&b.client), 0);
    peer_do(b.peer, "leaveRoom", NULL);
    await(n_allocated, 0);
    go(&a);
    go(&b);
}

/* Killed, it cannot say anything; its successor knows nobody. */
static void test_signaling_is_restarted(void **state)
{
    struct person a, b;
    int status;

    (void) state;
    kit_make_session(kit, "S");
    enter_and_allocate(&a, "S", "PUBLISHER");
    enter(&b, "S", "PUBLISHER");
    peer_do(b.peer, "leaveRoom", NULL);
    await(n_revoked, 1); /* so that TURN has heard of both */
    kill(kit->pid, SIGKILL);
    assert_int_equal(waitpid(kit->pid, &status, 0), kit->pid);
    assert_int_equal(client_refresh(&a.client, 600), 0);
    start_signaling_again();
    await(n_allocated, 0);
    assert_int_equal(client_allocate(&a.client), 401);
    go(&a);
    go(&b);
}

/* Stopped in order, it says so of everybody. */
static void test_signaling_stops(void **state)
{
    struct person a;
    int status;

    (void) state;
    kit_make_session(kit, "S");
    enter_and_allocate(&a, "S", "PUBLISHER");
    kill(kit->pid, SIGTERM);
    assert_int_equal(waitpid(kit->pid, &status, 0), kit->pid);
    await(n_allocated, 0);
    assert_int_equal(client_allocate(&a.client), 401);
    start_signaling_again();
    go(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_closed_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(test_use_is_logged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_turn_is_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signaling_is_restarted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signaling_stops, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
