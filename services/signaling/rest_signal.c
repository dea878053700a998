#include "signaling/rest.h"

#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/events.h"

static int check_ids(json_t *body, struct problem *p)
{
    json_t *id;
    size_t i;

    json_array_foreach (body_get(body, "to"), i, id) {
        if (!json_is_string(id))
            return problem_set(p, 400, "'to' must be an array of strings");
    }
    return 0;
}

void rest_signal_post(struct rest *r)
{
    static const struct field fields[] = {
        {"session", .type = FIELD_STRING, .required = true},
        {"to", .type = FIELD_ARRAY},
        {"type", .type = FIELD_STRING},
        {"data", .type = FIELD_STRING},
    };
    struct session *s;
    json_t *to, *id;
    struct problem p;
    size_t i;

    if (validate(r->body, fields, 4, &p) < 0 || check_ids(r->body, &p) < 0) {
        rest_reply_problem(r, &p);
        return;
    }
    s = sessions_find(&r->app->sessions, body_string(r->body, "session", ""));
    if (!s || !s->active) {
        rest_reply_empty(r, s ? 406 : 404);
        return;
    }
    to = body_get(r->body, "to");
    json_array_foreach (to, i, id) {
        if (session_participant(s, json_string_value(id)))
            continue;
        problem_set(&p, 406, "'to' names a connection that is not in the session");
        rest_reply_problem(r, &p);
        return;
    }
    events_signal(s, NULL, to, body_string(r->body, "type", NULL),
                  body_string(r->body, "data", NULL));
    rest_reply_empty(r, 200);
}
