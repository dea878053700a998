#include "store/redis_watch.h"

#include "base/clock.h"
#include "store/redis_conn.h"

#include <errno.h>
#include <stdlib.h>

struct redis_watch {
    struct redis_conn *conn;
    redis_watch_fn *fn;
    void *arg;
    char *key;
    uint64_t executed;
    uint64_t wanted;    /* to be executed within our patience, */
    uint64_t wanted_ms; /* which began at this time */
    const char *error;
};

/* The numbers are the server's text. */
static bool read_number(const redisReply *r, uint64_t *ret)
{
    return r->type == REDIS_REPLY_STRING &&
           bytes_to_u64(bytes_of(r->str, r->len), UINT64_MAX, ret) == 0;
}

static void on_numbers(struct redis_watch *w, const redisReply *r)
{
    uint64_t last, done;

    if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 || !read_number(r->element[0], &last) ||
        !read_number(r->element[1], &done))
        w->error = "it has lost what it was given";
    else if (last != done)
        w->error = "it has refused a change, or lost some";
    else
        w->executed = last;
}

static void on_conn(struct redis_conn *c, void *arg)
{
    struct redis_watch *w = arg;
    redisReply *r;

    while (!w->error && (r = redis_conn_reply(c))) {
        on_numbers(w, r);
        freeReplyObject(r);
    }
    w->fn(w->arg);
}

void redis_watch_check(struct redis_watch *w, uint64_t n_sent)
{
    uint64_t now_ms = clock_ms();

    redis_conn_check(w->conn);
    if (w->executed >= w->wanted) {
        w->wanted = n_sent;
        w->wanted_ms = now_ms;
    } else if (!w->error && now_ms - w->wanted_ms > REDIS_PATIENCE_MS) {
        w->error = "it does not get on with what it was given";
    }
    if (redis_conn_n_waiting(w->conn) == 0)
        redis_conn_ask(w->conn, (const char *const[]){"HMGET", w->key, "last", "done", NULL});
}

bool redis_watch_has(const struct redis_watch *w, uint64_t n_sent)
{
    return w->executed >= n_sent;
}

const char *redis_watch_error(const struct redis_watch *w)
{
    return w->error ? w->error : redis_conn_error(w->conn);
}

int redis_watch_new(struct loop *l, const struct store_address *address, const char *key,
                    redis_watch_fn *fn, void *arg, struct redis_watch **ret_watch)
{
    struct redis_watch *w = calloc(1, sizeof(*w));
    int r = -ENOMEM;

    if (!w)
        return r;
    *w = (struct redis_watch){.fn = fn, .arg = arg, .key = strdup(key)};
    if (w->key)
        r = redis_conn_new(l, address, on_conn, w, &w->conn);
    if (r < 0) {
        redis_watch_free(w);
        return r;
    }
    *ret_watch = w;
    return 0;
}

struct redis_watch *redis_watch_free(struct redis_watch *w)
{
    if (!w)
        return NULL;
    redis_conn_free(w->conn);
    free(w->key);
    free(w);
    return NULL;
}
