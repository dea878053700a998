/* signaling_store.h: the signaling daemon of signaling_kit.h with a real Redis server for its
 * state, and what becomes of both. */
#pragma once

#include "signaling_kit.h"

struct redis {
    char dir[64];
    char socket[96];
    pid_t pid;
};

static void redis_run(struct redis *r)
{
    char log[128];
    int fd = -1;

    snprintf(log, sizeof(log), "%s/log", r->dir);
    unlink(r->socket);
    r->pid = fork();
    if (r->pid == 0) {
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", r->socket, "--dir",
               r->dir, "--logfile", log, "--save", "", "--appendonly", "no", (char *) NULL);
        _exit(127);
    }
    for (int i = 0; i < KIT_PATIENCE_MS / 10 && fd < 0; i++) {
        usleep(10000);
        fd = kit_connect(r->socket);
    }
    assert_true(fd >= 0);
    close(fd);
}

static void redis_start(struct redis *r)
{
    strcpy(r->dir, "/tmp/visavis-redis-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    snprintf(r->socket, sizeof(r->socket), "%s/socket", r->dir);
    redis_run(r);
}

/* With all that it has. */
static void redis_kill(struct redis *r)
{
    kill(r->pid, SIGKILL);
    assert_int_equal(waitpid(r->pid, NULL, 0), r->pid);
}

static void redis_stop(struct redis *r)
{
    char path[128];

    redis_kill(r);
    unlink(r->socket);
    snprintf(path, sizeof(path), "%s/log", r->dir);
    unlink(path);
    rmdir(r->dir);
}

/* A command of words, and the first bytes of its answer. */
static const char *redis_do(struct redis *r, const char *const words[])
{
    static char answer[65536];
    int fd = kit_connect(r->socket);
    size_t n = 0;
    char head[32];
    ssize_t got;

    assert_true(fd >= 0);
    while (words[n])
        n++;
    snprintf(head, sizeof(head), "*%zu\r\n", n);
    assert_true(kit_write(fd, head, strlen(head)));
    for (size_t i = 0; i < n; i++) {
        snprintf(head, sizeof(head), "$%zu\r\n", strlen(words[i]));
        assert_true(kit_write(fd, head, strlen(head)) &&
                    kit_write(fd, words[i], strlen(words[i])) && kit_write(fd, "\r\n", 2));
    }
    got = recv(fd, answer, sizeof(answer) - 1, 0);
    assert_true(got > 0);
    answer[got] = '\0';
    close(fd);
    return answer;
}
#define REDIS(r, ...) redis_do(r, (const char *const[]){__VA_ARGS__, NULL})

static struct kit *kit_start_stored(const struct redis *r, const char *settings)
{
    char all[4096];

    snprintf(all, sizeof(all), "store = \"unix:%s\";\n%s", r->socket, settings);
    return kit_start(all);
}

/* Ends the daemon by a signal, and starts it anew. */
static void kit_end(struct kit *k, int signo)
{
    int status;

    kill(k->pid, signo);
    assert_int_equal(waitpid(k->pid, &status, 0), k->pid);
    if (signo == SIGTERM)
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void kit_begin(struct kit *k)
{
    size_t n = kit_n_calls(k, "sync");

    unlink(k->api);
    k->pid = fork();
    if (k->pid == 0)
        kit_exec(k);
    assert_true(kit_is_up(k));
    json_decref(kit_call(k, "sync", n));
}

static void kit_restart(struct kit *k, int signo)
{
    kit_end(k, signo);
    kit_begin(k);
}

/* Everything that REST shows, as text; free() it. */
static char *kit_picture(struct kit *k)
{
    json_t *j;
    char *text;

    assert_int_equal(kit_rest(k, "GET", "sessions?pendingConnections=true", "", &j), 200);
    text = json_dumps(j, JSON_INDENT(1));
    json_decref(j);
    return text;
}

/* p's client on a new socket, where it was. */
static void peer_come_back(struct peer *p)
{
    struct peer *again = peer_open(p->kit);

    peer_do(again, "connect", json_pack("{s:s,s:b}", "sessionId", p->rpc_id, "reconnect", 1));
    close(p->fd);
    p->fd = again->fd;
    p->next_id = again->next_id;
    json_decref(again->notices);
    free(again);
}

/* Until Redis has this field in a session's hash, or (there false) has it no more. */
static void redis_expect(struct redis *r, const char *session, const char *field, bool there)
{
    char pattern[160], key[256];

    snprintf(pattern, sizeof(pattern), "visavis:s:%s_*", session);
    for (int i = 0; i < KIT_PATIENCE_MS / 20; i++) {
        const char *keys = REDIS(r, "KEYS", pattern);
        const char *found = strstr(keys, "visavis:");
        bool has = false;

        if (found) {
            snprintf(key, sizeof(key), "%.*s", (int) strcspn(found, "\r"), found);
            has = strstr(REDIS(r, "HEXISTS", key, field), ":1") != NULL;
        }
        if (has == there)
            return;
        usleep(20000);
    }
    fail_msg("%s of %s is %s in Redis", field, session, there ? "not" : "still");
}

static void redis_expect_peer(struct redis *r, const char *session, const struct peer *p)
{
    char field[160];

    snprintf(field, sizeof(field), "c:%s", p->id);
    redis_expect(r, session, field, true);
}
