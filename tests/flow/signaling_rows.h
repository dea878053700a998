/* signaling_rows.h: tables of requests to the signaling daemon: who asks what, and the answer. */
#pragma once

#include "signaling_kit.h"

/* Those who are there: a SUBSCRIBER, a PUBLISHER that publishes, one that does not, a MODERATOR. */
struct cast {
    struct peer *subscriber, *publisher, *idle, *moderator;
    char stream[160];
};

struct row {
    const char *place; /* in the description of the RPC */
    char who;          /* 'S', 'P', 'I', 'M' of the cast */
    const char *method;
    const char *params; /* JSON; NULL: none. $S $P $I $M: their ids, $stream: what P publishes */
    int code;           /* of the error; 0: a result */
    const char *text;   /* in the error's message; of a result: JSON that is part of it, or NULL:
                         * nothing but the sessionId */
};

static struct peer *cast_peer(const struct cast *c, char who)
{
    switch (who) {
    case 'S':
        return c->subscriber;
    case 'P':
        return c->publisher;
    case 'I':
        return c->idle;
    default:
        return c->moderator;
    }
}

static void cast_init(struct cast *c, struct kit *k, const char *session)
{
    json_t *r;

    c->subscriber = peer_join(k, session, "SUBSCRIBER", NULL);
    c->publisher = peer_join(k, session, "PUBLISHER", NULL);
    c->idle = peer_join(k, session, "PUBLISHER", NULL);
    c->moderator = peer_join(k, session, "MODERATOR", NULL);
    r = peer_publish(c->publisher, "offer");
    snprintf(c->stream, sizeof(c->stream), "%s", string_of(r, "id"));
    json_decref(r);
}

static void cast_done(struct cast *c)
{
    peer_close(c->subscriber);
    peer_close(c->publisher);
    peer_close(c->idle);
    peer_close(c->moderator);
}

/* Nobody of them has noticed anything. */
static void cast_is_well(struct cast *c)
{
    static const char who[] = "SPIM";

    for (size_t i = 0; who[i]; i++) {
        struct peer *p = cast_peer(c, who[i]);

        peer_do(p, "echo", NULL);
        json_array_clear(p->notices);
    }
}

/* With the names replaced; free() it. */
static char *cast_text(const struct cast *c, const char *text)
{
    char *out = malloc(strlen(text) + 2048);
    size_t n = 0;

    while (*text) {
        bool is_stream = strncmp(text, "$stream", 7) == 0;
        bool is_peer = !is_stream && *text == '$' && strchr("SPIM", text[1]) && text[1];
        const char *name = is_stream ? c->stream
                           : is_peer ? cast_peer(c, text[1])->id
                                     : (char[2]){*text, '\0'};

        n += (size_t) sprintf(out + n, "%s", name);
        text += is_stream ? 7 : is_peer ? 2 : 1;
    }
    out[n] = '\0';
    return out;
}

static bool has_null(json_t *v)
{
    const char *key;
    json_t *child;
    size_t i;

    if (json_is_null(v))
        return true;
    json_object_foreach (v, key, child) {
        if (has_null(child))
            return true;
    }
    json_array_foreach (v, i, child) {
        if (has_null(child))
            return true;
    }
    return false;
}

/* Is every member of part in whole, and each equal, at any depth? */
static bool includes(json_t *whole, json_t *part)
{
    const char *key;
    json_t *child;

    if (!json_is_object(part))
        return json_equal(whole, part);
    json_object_foreach (part, key, child) {
        if (!includes(json_object_get(whole, key), child))
            return false;
    }
    return json_is_object(whole);
}

/* What holds of every answer: a result or an error, with no null inside (section 1.2). */
static void check_frame(const struct peer *p, json_t *answer)
{
    json_t *result = json_object_get(answer, "result"), *error = json_object_get(answer, "error");
    const char *text = json_string_value(json_object_get(error, "message"));
    json_int_t code = json_integer_value(json_object_get(error, "code"));
    char suffix[32];

    assert_int_equal(json_object_size(answer), 3);
    assert_true(!result != !error);
    assert_false(has_null(answer));
    assert_null(json_object_get(result ? result : error, "dest"));
    if (result) {
        if (!json_object_get(result, "value"))
            assert_string_equal(string_of(result, "sessionId"), p->rpc_id);
        return;
    }
    assert_true(code != 0);
    assert_non_null(text);
    snprintf(suffix, sizeof(suffix), ". Code: %d", (int) code);
    if (code > 0 && code < 40007)
        assert_string_equal(text + strlen(text) - strlen(suffix), suffix);
}

static void check_row(const struct row *row, const struct peer *p, json_t *answer)
{
    json_t *result = json_object_get(answer, "result"), *error = json_object_get(answer, "error");
    json_t *part = row->code == 0 && row->text ? json_loads(row->text, 0, NULL) : NULL;
    bool ok;

    check_frame(p, answer);
    if (row->code)
        ok = json_integer_value(json_object_get(error, "code")) == row->code &&
             strstr(string_of(error, "message"), row->text ? row->text : "");
    else
        ok = row->text ? includes(result, part) : json_object_size(result) == 1;
    if (!ok)
        fail_msg("%s: %s %s: %s", row->place, row->method, row->params ? row->params : "",
                 json_dumps(answer, 0));
    json_decref(part);
}

static void run_rows(struct cast *c, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct peer *p = cast_peer(c, rows[i].who);
        char *text = cast_text(c, rows[i].params ? rows[i].params : "{}");
        json_t *params = json_loads(text, 0, NULL), *answer;

        assert_non_null(params);
        if (!rows[i].params) {
            json_decref(params);
            params = NULL;
        }
        answer = peer_answer(p, peer_send(p, rows[i].method, params));
        check_row(&rows[i], p, answer);
        json_decref(answer);
        free(text);
    }
}

#define RUN_ROWS(cast, rows) run_rows(cast, rows, sizeof(rows) / sizeof((rows)[0]))
