/* store_kit.h: a real redis-server in a folder of its own, and what the tests of the store share.
 */
#pragma once

#include "loop/loop.h"
#include "store/store.h"

#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000 /* for what comes by itself, on a busy machine */
#define SERVER_OPTIONS_MAX 16

static char kit_folder[64], kit_socket[80], kit_address[96];
static pid_t kit_server;
static struct loop *kit_loop;

/* ---- the server ---- */

static void server_exec(const char *const *options)
{
    /* Without rewrites: their process outlives a server that is killed, and writes on. */
    const char *argv[32] = {"redis-server",
                            "--port",
                            "0",
                            "--save",
                            "",
                            "--appendonly",
                            "yes",
                            "--auto-aof-rewrite-percentage",
                            "0",
                            "--dir",
                            kit_folder,
                            "--unixsocket",
                            kit_socket,
                            "--logfile",
                            "log"};
    size_t n = 15;

    for (; options && *options; options++)
        argv[n++] = *options;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], (char *const *) argv);
    _exit(127);
}

/* A client of the test itself, connected. */
static redisContext *server_client(void)
{
    redisContext *c = NULL;

    for (int i = 0; i < PATIENCE_MS / 10; i++) {
        c = redisConnectUnix(kit_socket);
        assert_non_null(c);
        if (!c->err)
            return c;
        redisFree(c);
        usleep(10000);
    }
    fail_msg("no redis-server at %s", kit_socket);
    return NULL;
}

/* One command; returns the reply as a number (an array's or a text's length). */
static inline long long server_ask(const char *command)
{
    redisContext *c = server_client();
    redisReply *r = redisCommand(c, command);
    long long n;

    assert_non_null(r);
    while (r->type == REDIS_REPLY_ERROR && strncmp(r->str, "LOADING", 7) == 0) {
        freeReplyObject(r);
        r = redisCommand(c, command);
    }
    if (r->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", command, r->str);
    n = r->type == REDIS_REPLY_INTEGER ? r->integer
        : r->type == REDIS_REPLY_ARRAY ? (long long) r->elements
                                       : (long long) r->len;
    freeReplyObject(r);
    redisFree(c);
    return n;
}

static void server_start(const char *const *options)
{
    kit_server = fork();
    assert_true(kit_server >= 0);
    if (kit_server == 0)
        server_exec(options);
    redisFree(server_client());
}

static void server_stop(int signo)
{
    if (kit_server > 0) {
        kill(kit_server, signo);
        kill(kit_server, SIGCONT);
        waitpid(kit_server, NULL, 0);
    }
    kit_server = 0;
    unlink(kit_socket);
}

/* As if the machine had a new disk. */
static inline void server_forget(void)
{
    char command[256];

    snprintf(command, sizeof(command), "rm -rf %s/appendonlydir %s/*.rdb %s/*.aof", kit_folder,
             kit_folder, kit_folder);
    assert_int_equal(system(command), 0);
}

/* ---- the loop ---- */

typedef bool kit_condition(void);

static kit_condition *awaited;
static int awaited_ms;

static void on_tick(struct loop_timer *t)
{
    if (awaited()) {
        loop_quit(t->loop, 1);
    } else if ((awaited_ms -= 10) < 0) {
        loop_quit(t->loop, 2);
    } else {
        loop_timer_start(t, t->loop, 10000, on_tick);
    }
}

/* Runs the loop until that is so. */
static inline bool kit_run_until(kit_condition *condition, int timeout_ms)
{
    struct loop_timer tick = {0};
    int code;

    awaited = condition;
    awaited_ms = timeout_ms;
    assert_int_equal(loop_timer_start(&tick, kit_loop, 0, on_tick), 0);
    code = loop_run(kit_loop);
    loop_timer_done(&tick);
    return code == 1;
}

static bool never(void)
{
    return false;
}

static inline void kit_run_for(int ms)
{
    assert_false(kit_run_until(never, ms));
}

/* ---- what a store has ---- */

#define FOUND_MAX 100000

static struct found {
    char hash[64], field[64];
    uint8_t *value;
    size_t len;
} found[FOUND_MAX];
static size_t n_found, found_stop;

static int on_field(struct bytes hash, struct bytes field, struct bytes value, void *arg)
{
    struct found *f = &found[n_found];

    assert_ptr_equal(arg, found);
    assert_true(n_found < FOUND_MAX);
    n_found++;
    snprintf(f->hash, sizeof(f->hash), "%.*s", (int) hash.len, hash.p);
    snprintf(f->field, sizeof(f->field), "%.*s", (int) field.len, field.p);
    f->value = malloc(value.len + 1);
    assert_non_null(f->value);
    if (value.len)
        memcpy(f->value, value.p, value.len);
    f->len = value.len;
    return n_found == found_stop ? 42 : 0;
}

static void found_clear(void)
{
    for (size_t i = 0; i < n_found; i++)
        free(found[i].value);
    n_found = 0;
}

static inline int kit_load(struct store *st, uint64_t timeout_ms)
{
    found_clear();
    return store_load(st, timeout_ms, on_field, found);
}

static inline const struct found *find(const char *hash, const char *field)
{
    const struct found *f = NULL;

    for (size_t i = 0; i < n_found; i++) {
        if (strcmp(found[i].hash, hash) == 0 && strcmp(found[i].field, field) == 0) {
            assert_null(f); /* each is told once */
            f = &found[i];
        }
    }
    return f;
}

static inline void assert_has(const char *hash, const char *field, const char *value)
{
    const struct found *f = find(hash, field);

    if (!f)
        fail_msg("there is no %s %s", hash, field);
    else if (f->len != strlen(value) || memcmp(f->value, value, f->len) != 0)
        fail_msg("%s %s is \"%.*s\", not \"%s\"", hash, field, (int) f->len, f->value, value);
}

static inline void put_text(struct store *st, const char *hash, const char *field,
                            const char *value)
{
    store_put(st, hash, field, bytes_str(value));
}

/* ---- life ---- */

static int kit_set_up(void **state)
{
    (void) state;
    snprintf(kit_folder, sizeof(kit_folder), "/tmp/visavis-store-XXXXXX");
    if (!mkdtemp(kit_folder))
        return -1;
    snprintf(kit_socket, sizeof(kit_socket), "%s/socket", kit_folder);
    snprintf(kit_address, sizeof(kit_address), "unix:%s", kit_socket);
    return loop_new(&kit_loop);
}

static int kit_tear_down(void **state)
{
    char command[80];

    (void) state;
    server_stop(SIGKILL);
    found_clear();
    kit_loop = loop_free(kit_loop);
    snprintf(command, sizeof(command), "rm -rf %s", kit_folder);
    return system(command);
}
