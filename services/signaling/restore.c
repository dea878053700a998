#include "signaling/restore.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "signaling/app.h"
#include "signaling/record.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Lines for what is left out; then only how much it was. */
#define COMPLAINTS_MAX 20
#define NAME_MAX_LEN 512

/* One field below a session. */
struct found {
    struct list node;
    uint64_t order;
    union {
        struct {
            struct connection *connection;
            struct client_record client;
        };
        struct stream_record stream;
        struct subscription_record view;
    };
    char id[]; /* of the field, without its kind */
};

/* One hash. */
struct found_session {
    struct list node;
    struct session *session; /* NULL: none that we can read */
    int error;               /* why */
    struct list connections, streams, views;
    size_t n_connections, n_views;
    char id[UNIQUE_ID_SIZE];
};

struct restore {
    struct app *app;
    struct list sessions;
    size_t n_sessions;
    struct found_session *last; /* whose fields come */
    struct list unwanted;       /* what is to be deleted: struct unwanted */
    size_t n_complaints;
    char foreign[NAME_MAX_LEN + 1]; /* the hash that was left out as a whole last */
};

struct unwanted {
    struct list node;
    char *field; /* NULL: the whole hash; else within names */
    char names[];
};

/* ---- what is left out ---- */

static bool is_name(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.p[i] <= ' ' || b.p[i] >= 0x7f)
            return false;
    }
    return b.len > 0 && b.len <= NAME_MAX_LEN;
}

static const char *reason_of(int error)
{
    switch (error) {
    case -EBADMSG:
        return "it is no record of ours";
    case -EPROTONOSUPPORT:
        return "it was written by another version";
    case -ENOENT:
        return "what it belongs to is not there";
    case -EEXIST:
        return "there is another one of the same name";
    case -ENOSPC:
        return "there are as many as the limits allow";
    default:
        return "out of memory";
    }
}

/* field without bytes at all: the whole hash. */
static void complain(struct restore *r, struct bytes hash, struct bytes field, int error)
{
    const char *quote = field.p ? " \"" : "";

    if (r->n_complaints++ < COMPLAINTS_MAX)
        log_warning("store: %.*s%s%.*s%s is left out: %s", (int) (hash.len < 200 ? hash.len : 200),
                    (const char *) hash.p, quote, (int) (field.len < 300 ? field.len : 300),
                    field.len ? (const char *) field.p : "", field.p ? "\"" : "", reason_of(error));
}

/* What cannot be named stays in the store until that is written anew. */
static void leave_out(struct restore *r, struct bytes hash, struct bytes field, int error)
{
    struct unwanted *u;

    complain(r, hash, field, error);
    u = is_name(hash) && is_name(field) ? calloc(1, sizeof(*u) + hash.len + field.len + 2) : NULL;
    if (!u)
        return;
    memcpy(u->names, hash.p, hash.len);
    u->field = u->names + hash.len + 1;
    memcpy(u->field, field.p, field.len);
    list_append(&r->unwanted, &u->node);
}

/* Once, however many fields it has. */
static void leave_out_hash(struct restore *r, struct bytes hash, int error)
{
    struct unwanted *u;

    if (bytes_eq(hash, bytes_str(r->foreign)))
        return;
    complain(r, hash, bytes_of(NULL, 0), error);
    if (!is_name(hash))
        return;
    memcpy(r->foreign, hash.p, hash.len);
    r->foreign[hash.len] = '\0';
    u = calloc(1, sizeof(*u) + hash.len + 1);
    if (!u)
        return;
    memcpy(u->names, hash.p, hash.len);
    list_append(&r->unwanted, &u->node);
}

static const char *hash_of(const struct found_session *fs, char ret[static UNIQUE_ID_SIZE + 2])
{
    snprintf(ret, UNIQUE_ID_SIZE + 2, "s:%s", fs->id);
    return ret;
}

static void leave_out_found(struct restore *r, const struct found_session *fs, char kind,
                            const char *id, int error)
{
    char hash[UNIQUE_ID_SIZE + 2], field[SUBSCRIBER_ID_SIZE + 2];

    snprintf(field, sizeof(field), "%c:%s", kind, id);
    leave_out(r, bytes_str(hash_of(fs, hash)), bytes_str(field), error);
}

static void delete_unwanted(struct restore *r, struct store *store)
{
    struct unwanted *u;

    list_for_each (u, &r->unwanted, node) {
        if (u->field)
            store_del(store, u->names, u->field);
        else
            store_drop(store, u->names);
    }
    store_commit(store);
    if (r->n_complaints > COMPLAINTS_MAX)
        log_warning("store: left out %zu records in all", r->n_complaints);
}

/* ---- reading ---- */

int restore_new(struct app *app, struct restore **ret_r)
{
    struct restore *r = calloc(1, sizeof(*r));

    if (!r)
        return -ENOMEM;
    r->app = app;
    list_init(&r->sessions);
    list_init(&r->unwanted);
    *ret_r = r;
    return 0;
}

static void free_session(struct found_session *fs)
{
    struct found *f;

    list_for_each (f, &fs->connections, node) {
        connection_free(f->connection);
        free(f);
    }
    list_for_each (f, &fs->streams, node) {
        stream_free(f->stream.stream);
        free(f);
    }
    list_for_each (f, &fs->views, node)
        free(f);
    session_free(fs->session);
    free(fs);
}

struct restore *restore_free(struct restore *r)
{
    struct found_session *fs;
    struct unwanted *u;

    if (!r)
        return NULL;
    list_for_each (fs, &r->sessions, node)
        free_session(fs);
    list_for_each (u, &r->unwanted, node)
        free(u);
    free(r);
    return NULL;
}

/* The session of a hash; NULL with *ret_error set. */
static struct found_session *session_of(struct restore *r, struct bytes hash, int *ret_error)
{
    struct found_session *fs = r->last;
    struct bytes id;

    *ret_error = -EBADMSG;
    if (!bytes_starts_with(hash, "s:") || hash.len - 2 >= UNIQUE_ID_SIZE || !is_name(hash))
        return NULL;
    id = bytes_of(hash.p + 2, hash.len - 2);
    if (fs && bytes_eq_str(id, fs->id))
        return fs;
    fs = calloc(1, sizeof(*fs));
    *ret_error = -ENOMEM;
    if (!fs)
        return NULL;
    fs->error = -ENOENT;
    memcpy(fs->id, id.p, id.len);
    list_init(&fs->connections);
    list_init(&fs->streams);
    list_init(&fs->views);
    list_append(&r->sessions, &fs->node);
    r->n_sessions++;
    r->last = fs;
    return fs;
}

/* A field below a session, of kind "c", "p" or "v". */
static int read_found(struct found_session *fs, char kind, struct bytes id, struct bytes value)
{
    struct found *f = calloc(1, sizeof(*f) + id.len + 1);
    struct connection *c;
    int error = -EBADMSG;

    if (!f)
        return -ENOMEM;
    memcpy(f->id, id.p, id.len);
    if (kind == 'c') {
        error = record_to_connection(f->id, value, &c, &f->client);
        if (!error) {
            f->connection = c;
            f->order = c->order;
            fs->n_connections++;
            list_append(&fs->connections, &f->node);
        }
    } else if (kind == 'p') {
        error = record_to_stream(f->id, value, &f->stream);
        if (!error)
            list_append(&fs->streams, &f->node);
    } else if (kind == 'v') {
        error = record_to_subscription(f->id, value, &f->view);
        if (!error) {
            f->order = f->view.order;
            fs->n_views++;
            list_append(&fs->views, &f->node);
        }
    }
    if (error)
        free(f);
    return error;
}

int restore_field(struct restore *r, struct bytes hash, struct bytes field, struct bytes value)
{
    struct found_session *fs;
    int error;

    fs = session_of(r, hash, &error);
    if (!fs) {
        if (error != -ENOMEM)
            leave_out_hash(r, hash, error);
        return error == -ENOMEM ? error : 0;
    }
    if (bytes_eq_str(field, "session")) {
        session_free(fs->session);
        fs->session = NULL;
        fs->error = record_to_session(fs->id, value, &fs->session);
        return fs->error == -ENOMEM ? fs->error : 0;
    }
    if (is_name(field) && field.len > 2 && field.p[1] == ':')
        error = read_found(fs, (char) field.p[0], bytes_of(field.p + 2, field.len - 2), value);
    else
        error = -EBADMSG;
    if (error && error != -ENOMEM) {
        leave_out(r, hash, field, error);
        return 0;
    }
    return error;
}

/* ---- building ---- */

static int compare_found(const void *a, const void *b)
{
    const struct found *x = *(const struct found *const *) a;
    const struct found *y = *(const struct found *const *) b;

    return x->order < y->order ? -1 : x->order > y->order;
}

static int compare_sessions(const void *a, const void *b)
{
    const struct found_session *x = *(const struct found_session *const *) a;
    const struct found_session *y = *(const struct found_session *const *) b;
    uint64_t i = x->session ? x->session->order : 0, j = y->session ? y->session->order : 0;

    return i < j ? -1 : i > j;
}

/* Without memory the order stays as it is. */
static void sort(struct list *list, size_t n, int (*compare)(const void *, const void *))
{
    void **all = n > 1 ? malloc(n * sizeof(*all)) : NULL;
    struct list *node;
    size_t i = 0;

    if (!all)
        return;
    /* The node is the first field of both kinds. */
    while (!list_empty(list)) {
        node = list->next;
        all[i++] = node;
        list_del(node);
    }
    qsort(all, n, sizeof(*all), compare);
    for (i = 0; i < n; i++)
        list_append(list, all[i]);
    free(all);
}

/* The others know of what comes later. */
static void count_order(struct sessions *all, uint64_t order)
{
    if (order > all->last_order)
        all->last_order = order;
}

static int build_connection(struct restore *r, struct session *s, struct found *f)
{
    struct connection *c = f->connection;
    const char *secret = r->app->config.turn_secret;
    int error;

    f->connection = NULL;
    if (secret && *c->turn.username)
        turn_cred_sign(secret, c->turn.username, c->turn.credential);
    else
        c->turn = (struct turn_cred){.username = ""};
    count_order(&r->app->sessions, c->order);
    error = connection_add(s, c);
    if (!error && connection_is_active(c)) {
        error = client_restore(&r->app->clients, &f->client, c);
        if (error)
            connection_free(c);
    }
    return error;
}

static int build_stream(struct session *s, struct found *f)
{
    struct connection *c = session_participant(s, f->stream.connection);

    if (!c)
        return -ENOENT;
    if (c->stream)
        return -EEXIST;
    stream_attach(f->stream.stream, c);
    f->stream.stream = NULL;
    return 0;
}

static int build_view(struct restore *r, struct session *s, const struct subscription_record *v)
{
    struct connection *subscriber = session_participant(s, v->connection);
    struct connection *publisher = session_participant(s, v->publisher);
    struct subscription *sub;

    if (!subscriber || !publisher || !publisher->stream ||
        strcmp(publisher->stream->id, v->stream) != 0)
        return -ENOENT;
    count_order(&r->app->sessions, v->order);
    sub = subscription_add(publisher->stream, subscriber, v->created_ms, v->order);
    if (!sub)
        return -ENOMEM;
    sub->watched = v->watched;
    return 0;
}

static void build_below(struct restore *r, struct found_session *fs, struct session *s)
{
    struct found *f;
    int error;

    sort(&fs->connections, fs->n_connections, compare_found);
    sort(&fs->views, fs->n_views, compare_found);
    list_for_each (f, &fs->connections, node) {
        error = build_connection(r, s, f);
        if (error)
            leave_out_found(r, fs, 'c', f->id, error);
    }
    list_for_each (f, &fs->streams, node) {
        error = build_stream(s, f);
        if (error)
            leave_out_found(r, fs, 'p', f->id, error);
    }
    list_for_each (f, &fs->views, node) {
        error = build_view(r, s, &f->view);
        if (error)
            leave_out_found(r, fs, 'v', f->id, error);
    }
}

static void build_session(struct restore *r, struct found_session *fs)
{
    struct session *s = fs->session;
    char hash[UNIQUE_ID_SIZE + 2];
    int error = fs->error;

    fs->session = NULL;
    if (s) {
        count_order(&r->app->sessions, s->order);
        error = session_add(&r->app->sessions, s, (size_t) r->app->config.max_connections);
    }
    if (error)
        leave_out_hash(r, bytes_str(hash_of(fs, hash)), error);
    else
        build_below(r, fs, s);
}

void restore_build(struct restore *r, struct store *store)
{
    const struct session *s;
    size_t n_sessions = 0, n_participants = 0;
    struct found_session *fs;

    sort(&r->sessions, r->n_sessions, compare_sessions);
    list_for_each (fs, &r->sessions, node)
        build_session(r, fs);
    delete_unwanted(r, store);
    clients_begin_grace(&r->app->clients);
    list_for_each (s, &r->app->sessions.all, node) {
        n_sessions++;
        n_participants += session_n_participants(s);
    }
    if (n_sessions)
        log_notice("store: back are %zu sessions, %zu participants are awaited", n_sessions,
                   n_participants);
}
