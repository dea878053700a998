#include "signaling/rest_list.h"

#include "base/blob.h"
#include "signaling/app.h"
#include "signaling/rest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_CONNECTIONS 100 /* take about a millisecond */
#define TEXT_MAX (1u << 30)
#define HEAD_FMT "{\"numberOfElements\":%zu,\"content\":["
#define HEAD_ROOM 64 /* for it, in front of the content */

struct rest_lists {
    struct list all; /* the first one is worked on */
    struct loop_defer next_slice;
};

struct rest_list {
    struct list node;
    struct rest *r;
    struct shape_options options;
    char (*ids)[SESSION_ID_SIZE]; /* of all sessions when it was begun; NULL before */
    size_t n, next;
    size_t n_shown;
    struct blob text; /* HEAD_ROOM, and the content so far */
    bool failed;      /* out of memory */
};

static void list_free(struct rest_list *l)
{
    list_del(&l->node);
    rest_free(l->r);
    free(l->ids);
    blob_clear(&l->text);
    free(l);
}

static bool begin(struct rest_list *l)
{
    static const char room[HEAD_ROOM];
    const struct sessions *all = &l->r->app->sessions;
    struct session *s;

    l->ids = calloc(map_count(all->by_id) + 1, sizeof(*l->ids));
    if (!l->ids || blob_append(&l->text, bytes_of(room, sizeof(room))) < 0)
        return false;
    list_for_each (s, &all->all, node)
        memcpy(l->ids[l->n++], s->id, sizeof(s->id));
    return true;
}

static int append(const char *text, size_t len, void *arg)
{
    return blob_append(arg, bytes_of(text, len)) < 0 ? -1 : 0;
}

static bool show(struct rest_list *l, const struct session *s)
{
    json_t *j = shape_session(s, &l->options);
    bool done = (l->n_shown == 0 || blob_append(&l->text, bytes_str(",")) == 0) && j &&
                json_dump_callback(j, append, &l->text, JSON_COMPACT) == 0;

    json_decref(j);
    l->n_shown++;
    return done;
}

/* False when there is more to do. */
static bool work(struct rest_list *l)
{
    const struct sessions *all = &l->r->app->sessions;
    size_t n_connections = 0;

    l->failed = !l->ids && !begin(l);
    while (!l->failed && l->next < l->n && n_connections < SLICE_CONNECTIONS) {
        const struct session *s = sessions_find(all, l->ids[l->next++]);

        if (!s)
            continue;
        n_connections += map_count(s->connections) + 1;
        l->failed = !show(l, s);
    }
    return l->failed || l->next == l->n;
}

static void answer(struct rest_list *l)
{
    char head[HEAD_ROOM];
    int len = snprintf(head, sizeof(head), HEAD_FMT, l->n_shown);

    if (l->failed || blob_append(&l->text, bytes_str("]}")) < 0) {
        rest_reply_problem(l->r, &(struct problem){500, "out of memory"});
        return;
    }
    memcpy(l->text.p + HEAD_ROOM - len, head, (size_t) len);
    web_reply(l->r->rq, 200, "application/json",
              bytes_of(l->text.p + HEAD_ROOM - len, l->text.len - HEAD_ROOM + (size_t) len));
}

static void run_slice(struct rest_lists *all)
{
    struct rest_list *l = list_first(&all->all, struct rest_list, node);

    if (l && work(l)) {
        answer(l);
        list_free(l);
    }
    if (!list_empty(&all->all))
        loop_defer_arm(&all->next_slice);
}

static void on_next_slice(struct loop_defer *d)
{
    run_slice(container_of(d, struct rest_lists, next_slice));
}

void rest_list_sessions(struct rest *r, const struct shape_options *o)
{
    struct rest_lists *all = r->app->lists;
    struct rest_list *l = calloc(1, sizeof(*l));
    struct rest *kept;

    if (!l) {
        rest_reply_problem(r, &(struct problem){500, "out of memory"});
        return;
    }
    kept = rest_keep(r);
    if (!kept) {
        free(l);
        return;
    }
    l->r = kept;
    l->options = *o;
    l->text = blob_init(TEXT_MAX);
    list_append(&all->all, &l->node);
    if (all->all.next == &l->node) /* a short list is whole at once */
        run_slice(all);
}

int rest_lists_new(struct app *app, struct rest_lists **ret_lists)
{
    struct rest_lists *all = calloc(1, sizeof(*all));
    int error;

    if (!all)
        return -ENOMEM;
    list_init(&all->all);
    error = loop_defer_init(&all->next_slice, app->loop, on_next_slice);
    if (error) {
        free(all);
        return error;
    }
    *ret_lists = all;
    return 0;
}

struct rest_lists *rest_lists_free(struct rest_lists *all)
{
    struct rest_list *l;

    if (!all)
        return NULL;
    list_for_each (l, &all->all, node)
        list_free(l);
    loop_defer_done(&all->next_slice);
    free(all);
    return NULL;
}
