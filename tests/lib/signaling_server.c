#include "tests/lib/signaling_server.h"

#include "link/link.h"
#include "tests/lib/ask.h"
#include "tests/lib/measure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_US 20000000
#define REDIS_MS 10000
#define TAKE_US 50000 /* for the daemon to take what the control socket said */

struct signaling_server {
    struct loop *loop;
    struct child *child;
    struct child *redis; /* NULL: none */
    struct signaling_floor floor;
    struct link_listener *listener; /* the media daemon's control socket */
    struct link *link;
    bool synced;
    char api[CHILD_PATH_SIZE];
};

/* ---- the media daemon ---- */

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    struct signaling_server *s = arg;

    (void) k, (void) params;
    if (strcmp(method, "hello") == 0) {
        link_reply(rq,
                   json_pack("{s:s, s:s, s:[]}", "node", "bench", "instance", "bench", "peers"));
        return;
    }
    if (strcmp(method, "sync") != 0) {
        link_reply(rq, NULL);
        return;
    }
    link_reply(rq, json_pack("{s:{}}", "missing"));
    s->synced = true;
    loop_quit(s->loop, 0);
}

static void on_accept(struct link_listener *ls, int fd, void *arg)
{
    static const struct link_handlers handlers = {.on_request = on_request};
    struct signaling_server *s = arg;

    (void) ls;
    s->link = link_free(s->link);
    measure_check(link_new(s->loop, fd, &handlers, s, &s->link), "control link");
}

/* ---- either ---- */

static int new_server(struct loop *l, const char *name, struct signaling_server **ret)
{
    struct signaling_server *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return -ENOMEM;
    s->loop = l;
    r = child_new(name, &s->child);
    if (r < 0) {
        free(s);
        return r;
    }
    child_path(s->child, "api", s->api);
    *ret = s;
    return 0;
}

/* As visavis configures it. */
static int start_redis(struct signaling_server *s, char ret_socket[static CHILD_PATH_SIZE])
{
    char program[] = SIGNALING_REDIS, config[CHILD_PATH_SIZE], dir[CHILD_PATH_SIZE];
    char *argv[] = {program, config, NULL};
    int r = child_new("redis-server", &s->redis);

    if (r < 0)
        return r;
    child_path(s->redis, "socket", ret_socket);
    child_path(s->redis, "", dir);
    child_path(s->redis, "config", config);
    r = child_write(
        s->redis, "config",
        "port 0\nunixsocket %s\ndir %s\nappendonly yes\nappendfsync everysec\n"
        "appenddirname aof\nsave \"\"\nmaxmemory-policy noeviction\nsupervised systemd\n",
        ret_socket, dir);
    if (r == 0)
        r = child_start(s->redis, argv);
    return r < 0 ? r : child_wait_ready(s->redis, REDIS_MS);
}

static int start_daemon(struct signaling_server *s, const char *settings, bool stored)
{
    char media[CHILD_PATH_SIZE], store[CHILD_PATH_SIZE + 5] = "unix:";
    int r = stored ? start_redis(s, store + 5) : 0;

    if (r < 0)
        return r;

    child_path(s->child, "media", media);
    r = link_listen(s->loop, media, on_accept, s, &s->listener);
    if (r == 0)
        r = child_write(s->child, "config",
                        "listen = [\"unix:%s\"];\npublic_url = \"https://calls.example.org\";\n"
                        "secret = \"MY_SECRET\";\nmedia_control = \"%s\";\nstore = \"%s\";\n%s",
                        s->api, media, stored ? store : "memory", settings);
    if (r == 0)
        r = child_start_daemon(s->child, "visavis-signaling");
    if (r == 0)
        r = measure_pause(s->loop, START_US); /* on_request() ends it early */
    if (r == 0 && !s->synced)
        r = -ETIMEDOUT;
    return r < 0 ? r : measure_pause(s->loop, TAKE_US);
}

int signaling_server_new(struct loop *l, const char *settings, bool stored,
                         struct signaling_server **ret)
{
    struct signaling_server *s;
    int r = new_server(l, "visavis-signaling", &s);

    if (r == 0)
        r = start_daemon(s, settings, stored);
    if (r < 0) {
        signaling_server_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

int signaling_server_new_floor(struct loop *l, const struct signaling_floor *floor,
                               struct signaling_server **ret)
{
    struct signaling_server *s;
    int r = new_server(l, "floor", &s);

    if (r < 0)
        return r;
    s->floor = *floor;
    s->floor.listener = ask_listen_unix(s->api);
    r = s->floor.listener < 0 ? s->floor.listener
                              : child_fork(s->child, signaling_floor_run, &s->floor);
    if (s->floor.listener >= 0)
        close(s->floor.listener);
    if (r < 0) {
        signaling_server_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

int signaling_server_stop(struct signaling_server *s)
{
    return child_stop(s->child);
}

struct signaling_server *signaling_server_free(struct signaling_server *s)
{
    if (!s)
        return NULL;
    child_free(s->child);
    child_free(s->redis);
    link_free(s->link);
    link_listener_free(s->listener);
    free(s);
    return NULL;
}

const struct child *signaling_server_child(const struct signaling_server *s)
{
    return s->child;
}

const struct child *signaling_server_redis(const struct signaling_server *s)
{
    return s->redis;
}

const char *signaling_server_api(const struct signaling_server *s)
{
    return s->api;
}
