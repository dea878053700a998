#include "signaling/endpoints.h"

#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/media.h"
#include "signaling/stream.h"

#include <errno.h>
#include <stdlib.h>

#define INQUIRIES_MAX 4    /* at a time */
#define QUESTIONS_MAX 4000 /* of one: 63 who all watch each other */
#define FACTS_MAX                                                                                  \
    (32u << 20)   /* bytes of SDP of one; what it keeps in memory is about that much               \
                   */
#define WINDOW 32 /* on their way: the link has other things to carry */

/* One gathering. Each question is a describe's parameters. */
struct inquiry {
    struct app *app;
    endpoints_fn *fn;
    void *arg;
    json_t *questions;
    size_t next;
    unsigned waiting;
    size_t bytes;
    bool given_up;
    json_t *facts;
};

struct question {
    struct inquiry *inquiry;
    size_t index;
};

static void add_question(struct inquiry *q, const char *room, const char *key, const char *name)
{
    if (json_array_size(q->questions) < QUESTIONS_MAX)
        (void) json_array_append_new(q->questions, json_pack("{s:s,s:s}", "room", room, key, name));
}

static void add_questions(struct inquiry *q, const struct session *s)
{
    char name[SUBSCRIBER_ID_SIZE];
    struct subscription *sub;
    struct connection *c;

    list_for_each (c, &s->participants, node) {
        if (c->stream)
            add_question(q, s->unique_id, "stream", c->stream->id);
        list_for_each (sub, &c->subscriptions, of_subscriber) {
            subscriber_id(c->id, sub->stream->id, name);
            add_question(q, s->unique_id, "subscriber", name);
        }
    }
}

static void finish(struct inquiry *q)
{
    endpoints_fn *fn = q->fn;
    json_t *facts = q->facts;
    void *arg = q->arg;

    q->app->n_inquiries--;
    json_decref(q->questions);
    free(q);
    fn(facts, arg);
}

static void take(struct inquiry *q, json_t *params, json_t *result)
{
    const char *room = json_string_value(json_object_get(params, "room"));
    json_t *name = json_object_get(params, "stream");
    json_t *of_room = json_object_get(q->facts, room);

    if (!name)
        name = json_object_get(params, "subscriber");
    if (!of_room) {
        of_room = json_object();
        (void) json_object_set_new(q->facts, room, of_room);
    }
    q->bytes += json_string_length(json_object_get(result, "remoteSdp")) +
                json_string_length(json_object_get(result, "localSdp"));
    (void) json_object_set(of_room, json_string_value(name), result);
}

static void ask_on(struct inquiry *q);

static void on_described(const struct link_answer *a, void *arg)
{
    struct question *question = arg;
    struct inquiry *q = question->inquiry;

    if (a->error == 0)
        take(q, json_array_get(q->questions, question->index), a->result);
    else if (a->error != -EREMOTEIO) /* else it has just gone */
        q->given_up = true;
    free(question);
    q->waiting--;
    ask_on(q);
}

static int ask(struct inquiry *q, size_t index)
{
    struct question *question = malloc(sizeof(*question));
    int r;

    if (!question)
        return -ENOMEM;
    *question = (struct question){.inquiry = q, .index = index};
    r = media_call(q->app->media, "describe", json_incref(json_array_get(q->questions, index)),
                   on_described, question);
    if (r < 0)
        free(question);
    else
        q->waiting++;
    return r;
}

static void ask_on(struct inquiry *q)
{
    while (!q->given_up && q->waiting < WINDOW && q->bytes < FACTS_MAX &&
           q->next < json_array_size(q->questions)) {
        if (ask(q, q->next++) < 0)
            q->given_up = true;
    }
    if (q->waiting == 0)
        finish(q);
}

int endpoints_ask(struct app *app, const struct session *s, endpoints_fn *fn, void *arg)
{
    struct inquiry *q;

    if (app->n_inquiries >= INQUIRIES_MAX)
        return -EBUSY;
    q = calloc(1, sizeof(*q));
    if (!q)
        return -ENOMEM;
    *q = (struct inquiry){
        .app = app, .fn = fn, .arg = arg, .questions = json_array(), .facts = json_object()};
    app->n_inquiries++;
    if (s) {
        add_questions(q, s);
    } else {
        list_for_each (s, &app->sessions.all, node)
            add_questions(q, s);
    }
    ask_on(q);
    return 0;
}
