/* What each crash leaves behind (SIGKILL; with SIGTERM nothing is under way any more):
 *
 * - Before the commit of a change: nobody has heard of it. The media daemon may have: a publish or
 *   subscribe it has answered is not named in the next sync and so is dropped there; an unpublish,
 *   unsubscribe or closeRoom that it was told makes that sync say "missing", and the stream or the
 *   subscription ends then (media_sync.c). So no order between commits and media calls is needed.
 * - After the commit, before the answer: it is so. The client comes back by "connect" and asks
 *   nothing again; what it waited for was cancelled with its socket. Only who was joining does not
 *   know the name of its RPC session: the client ends that attempt ("sessionDisconnected"), its
 *   token is used up, and the participant that nobody comes back for is evicted when the grace
 *   period is over, which is logged.
 * - Events are in the commit of their change; see outbox.h.
 *
 * While the store is away calls go on and new ones are made: state is in memory, and all of it is
 * put anew when the store is back. Who is killed meanwhile restarts with what the store had. */
#include "signaling/state.h"

#include "base/log.h"
#include "signaling/app.h"
#include "signaling/lifecycle.h"
#include "signaling/outbox.h"
#include "signaling/record.h"
#include "signaling/restore.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A third of what the service manager grants for a start (TimeoutStartSec=30): a Redis server that
 * starts with us has read its file by then. */
#define LOAD_TIMEOUT_MS 10000

#define HASH_SIZE (UNIQUE_ID_SIZE + 2)
#define FIELD_SIZE (SUBSCRIBER_ID_SIZE + 2)

struct state {
    struct app *app;
    struct store *store; /* the app's */
    struct loop_defer defer;
    /* changed since the last commit, by their field "changed" */
    struct list sessions, connections, streams, subscriptions;
};

/* ---- names ---- */

static const char *hash_of(const struct session *s, char ret[static HASH_SIZE])
{
    snprintf(ret, HASH_SIZE, "s:%s", s->unique_id);
    return ret;
}

static const char *field_of(char kind, const char *id, char ret[static FIELD_SIZE])
{
    snprintf(ret, FIELD_SIZE, "%c:%s", kind, id);
    return ret;
}

static const char *field_of_view(const struct subscription *sub, char ret[static FIELD_SIZE])
{
    char name[SUBSCRIBER_ID_SIZE];

    subscriber_id(sub->subscriber->id, sub->stream->id, name);
    return field_of('v', name, ret);
}

/* ---- changes ---- */

static void on_defer(struct loop_defer *d)
{
    state_commit(container_of(d, struct state, defer));
}

static void mark(struct state *st, struct list *changed, struct list *node)
{
    if (list_empty(node))
        list_append(changed, node);
    loop_defer_arm(&st->defer);
}

void state_session(struct state *st, struct session *s)
{
    if (st)
        mark(st, &st->sessions, &s->changed);
}

void state_connection(struct state *st, struct connection *c)
{
    if (st)
        mark(st, &st->connections, &c->changed);
}

void state_stream(struct state *st, struct stream *published)
{
    if (st)
        mark(st, &st->streams, &published->changed);
}

void state_subscription(struct state *st, struct subscription *sub)
{
    if (st)
        mark(st, &st->subscriptions, &sub->changed);
}

static void del(struct state *st, const struct session *s, const char *field)
{
    char hash[HASH_SIZE];

    store_del(st->store, hash_of(s, hash), field);
    loop_defer_arm(&st->defer);
}

void state_session_gone(struct state *st, struct session *s)
{
    char hash[HASH_SIZE];

    list_del(&s->changed);
    if (!st)
        return;
    store_drop(st->store, hash_of(s, hash));
    loop_defer_arm(&st->defer);
}

void state_connection_gone(struct state *st, struct connection *c)
{
    char field[FIELD_SIZE];

    list_del(&c->changed);
    if (st)
        del(st, c->session, field_of('c', c->id, field));
}

void state_stream_gone(struct state *st, struct stream *published)
{
    char field[FIELD_SIZE];

    list_del(&published->changed);
    if (st)
        del(st, published->publisher->session, field_of('p', published->id, field));
}

void state_subscription_gone(struct state *st, struct subscription *sub)
{
    char field[FIELD_SIZE];

    list_del(&sub->changed);
    if (st)
        del(st, sub->subscriber->session, field_of_view(sub, field));
}

/* ---- into the store ---- */

/* Frees text. What there was no memory for stays marked as changed, for the next commit. */
static void put(struct state *st, const struct session *s, const char *field, struct list *changed,
                char *text)
{
    char hash[HASH_SIZE];

    if (!text)
        return;
    store_put(st->store, hash_of(s, hash), field, bytes_str(text));
    list_del(changed);
    free(text);
}

static void put_session(struct state *st, struct session *s)
{
    put(st, s, "session", &s->changed, record_of_session(s));
}

static void put_connection(struct state *st, struct connection *c)
{
    char field[FIELD_SIZE];

    put(st, c->session, field_of('c', c->id, field), &c->changed, record_of_connection(c));
}

static void put_stream(struct state *st, struct stream *published)
{
    char field[FIELD_SIZE];

    put(st, published->publisher->session, field_of('p', published->id, field), &published->changed,
        record_of_stream(published));
}

static void put_subscription(struct state *st, struct subscription *sub)
{
    char field[FIELD_SIZE];

    put(st, sub->subscriber->session, field_of_view(sub, field), &sub->changed,
        record_of_subscription(sub));
}

/* Whoever commits: events never go without the change that they tell of. */
static void before_commit(void *arg)
{
    struct state *st = arg;
    struct subscription *sub;
    struct connection *c;
    struct stream *published;
    struct session *s;

    list_for_each (s, &st->sessions, changed)
        put_session(st, s);
    list_for_each (c, &st->connections, changed)
        put_connection(st, c);
    list_for_each (published, &st->streams, changed)
        put_stream(st, published);
    list_for_each (sub, &st->subscriptions, changed)
        put_subscription(st, sub);
}

void state_commit(struct state *st)
{
    if (!st)
        return;
    store_commit(st->store);
    if (st->app->outbox)
        outbox_committed(st->app->outbox);
}

static void put_all_of_connection(struct state *st, struct connection *c)
{
    struct subscription *sub;

    put_connection(st, c);
    if (c->stream)
        put_stream(st, c->stream);
    list_for_each (sub, &c->subscriptions, of_subscriber)
        put_subscription(st, sub);
}

/* The store begins and commits. */
static void on_rewrite(struct store *store, void *arg)
{
    const struct app *app = arg;
    struct state *st = app->state;
    struct connection *c;
    struct session *s;

    (void) store;
    if (!st)
        return;
    outbox_rewrite(app->outbox);
    list_for_each (s, &app->sessions.all, node) {
        put_session(st, s);
        list_for_each (c, &s->participants, node)
            put_all_of_connection(st, c);
        list_for_each (c, &s->pending, node)
            put_connection(st, c);
    }
}

const struct store_handlers state_store_handlers = {.on_rewrite = on_rewrite};

/* ---- from the store ---- */

struct loading {
    struct restore *restore;
    struct outbox *outbox;
};

static int on_field(struct bytes hash, struct bytes field, struct bytes value, void *arg)
{
    const struct loading *l = arg;

    if (!bytes_eq_str(hash, OUTBOX_HASH))
        return restore_field(l->restore, hash, field, value);
    outbox_restore(l->outbox, field, value);
    return 0;
}

static int load(struct state *st)
{
    struct loading l = {.outbox = st->app->outbox};
    int error = restore_new(st->app, &l.restore);

    if (error)
        return error;
    error = store_load(st->store, LOAD_TIMEOUT_MS, on_field, &l);
    if (error && error != -ENOMEM)
        log_error("the store cannot be read: %s; going on without the sessions of before, whose "
                  "clients will have to join anew",
                  strerror(-error));
    else if (!error)
        restore_build(l.restore, st->store);
    restore_free(l.restore);
    return error == -ENOMEM ? error : 0;
}

/* Sessions whose participants were all left out. */
static void end_deserted(struct app *app)
{
    struct session *s;

    list_for_each (s, &app->sessions.all, node)
        (void) lifecycle_end_if_empty(app, s);
}

int state_new(struct app *app, struct state **ret_state)
{
    struct state *st = calloc(1, sizeof(*st));
    int error;

    if (!st)
        return -ENOMEM;
    st->app = app;
    list_init(&st->sessions);
    list_init(&st->connections);
    list_init(&st->streams);
    list_init(&st->subscriptions);
    st->store = app->store;
    error = loop_defer_init(&st->defer, app->loop, on_defer);
    if (!error)
        error = load(st);
    if (error) {
        state_free(st);
        return error;
    }
    store_before_commit(st->store, before_commit, st);
    app->sessions.state = st;
    end_deserted(app);
    *ret_state = st;
    return 0;
}

struct state *state_free(struct state *st)
{
    if (!st)
        return NULL;
    if (st->app->sessions.state) {
        state_commit(st);
        store_before_commit(st->store, NULL, NULL);
        st->app->sessions.state = NULL;
    }
    loop_defer_done(&st->defer);
    free(st);
    return NULL;
}

bool state_outlives(const struct state *st)
{
    return st && strcmp(st->app->config.store, "memory") != 0 && store_is_up(st->store);
}
