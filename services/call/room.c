/* One guest's way in is four requests, one after another:
 *   POST sessions (200 or 409) -> GET session (is anybody there?) -> POST connection, twice. */
#include "call/room.h"

#include "base/list.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTERING_MAX 256
#define URL_MAX 512

enum step { STEP_SESSION, STEP_LOOK, STEP_CAMERA, STEP_SCREEN };

static const char *const step_names[] = {
    [STEP_SESSION] = "creating the session",
    [STEP_LOOK] = "looking who is there",
    [STEP_CAMERA] = "getting a token for the camera",
    [STEP_SCREEN] = "getting a token for the screen",
};

struct rooms {
    struct http *http;
    const struct call_config *config;
    struct list entering;
    size_t n_entering;
    uint64_t n_entered;
    struct log_limit log_refused; /* guests cause these, as many as they like */
};

struct entering {
    struct rooms *rooms;
    struct list node;
    struct http_call *call;
    enum step step;
    bool moderator;
    char name[ROOM_NAME_MAX + 1];
    char camera_token[ROOM_TOKEN_MAX], screen_token[ROOM_TOKEN_MAX];
    room_entry_fn *fn;
    void *arg;
};

bool room_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char) name[i]) && name[i] != '_' && name[i] != '-')
            return false;
    return len > 0 && len <= ROOM_NAME_MAX;
}

int rooms_new(struct http *h, const struct call_config *config, struct rooms **ret_r)
{
    struct rooms *r = calloc(1, sizeof(*r));

    if (!r)
        return -ENOMEM;
    r->http = h;
    r->config = config;
    list_init(&r->entering);
    r->log_refused.interval_ms = 1000;
    *ret_r = r;
    return 0;
}

uint64_t rooms_n_entered(const struct rooms *r)
{
    return r->n_entered;
}

static void entering_free(struct entering *e)
{
    list_del(&e->node);
    e->rooms->n_entering--;
    free(e);
}

struct rooms *rooms_free(struct rooms *r)
{
    struct entering *e;

    if (!r)
        return NULL;
    list_for_each (e, &r->entering, node) {
        http_cancel(e->call);
        entering_free(e);
    }
    free(r);
    return NULL;
}

static void finish(struct entering *e, unsigned status, const char *message)
{
    struct room_entry entry = {
        .status = status,
        .message = message,
        .camera_token = e->camera_token,
        .screen_token = e->screen_token,
    };
    room_entry_fn *fn = e->fn;
    void *arg = e->arg;

    list_del(&e->node);
    e->rooms->n_entering--;
    fn(&entry, arg);
    free(e);
}

static http_done_fn on_answer;

/* The body is made by the JSON library; the name is in it and in the path, and is safe in both. */
static int send_step(struct entering *e)
{
    const struct call_config *c = e->rooms->config;
    struct http_request rq = {
        .method = e->step == STEP_LOOK ? "GET" : "POST",
        .user = "OPENVIDUAPP",
        .password = c->openvidu_secret,
        .content_type = "application/json",
    };
    char url[URL_MAX];
    json_t *body = NULL;
    char *text = NULL;
    int n, r;

    n = snprintf(url, sizeof(url), "%s/openvidu/api/sessions%s%s%s", c->openvidu_url,
                 e->step == STEP_SESSION ? "" : "/", e->step == STEP_SESSION ? "" : e->name,
                 e->step >= STEP_CAMERA ? "/connection" : "");
    if (n < 0 || (size_t) n >= sizeof(url))
        return -ENAMETOOLONG;
    rq.url = url;
    if (e->step == STEP_SESSION)
        body = json_pack("{s:s}", "customSessionId", e->name);
    else if (e->step >= STEP_CAMERA)
        body = json_pack("{s:s}", "role", e->moderator ? "MODERATOR" : "PUBLISHER");
    if (body) {
        text = json_dumps(body, JSON_COMPACT);
        json_decref(body);
        if (!text)
            return -ENOMEM;
        rq.body = bytes_str(text);
    }
    r = http_start(e->rooms->http, &rq, on_answer, e, &e->call);
    free(text);
    return r;
}

static int take_token(json_t *answer, char ret[static ROOM_TOKEN_MAX])
{
    const char *token = json_string_value(json_object_get(answer, "token"));
    size_t len = token ? strlen(token) : 0;

    if (len == 0 || len >= ROOM_TOKEN_MAX)
        return -EBADMSG;
    memcpy(ret, token, len + 1);
    return 0;
}

/* Takes what the step's answer gives and sets the next step. 1: that was the last one. */
static int take_answer(struct entering *e, json_t *answer)
{
    json_t *number;

    switch (e->step) {
    case STEP_SESSION:
        e->step = STEP_LOOK;
        return 0;
    case STEP_LOOK:
        number = json_object_get(json_object_get(answer, "connections"), "numberOfElements");
        if (!json_is_integer(number))
            return -EBADMSG;
        e->moderator = json_integer_value(number) == 0;
        e->step = STEP_CAMERA;
        return 0;
    case STEP_CAMERA:
        e->step = STEP_SCREEN;
        return take_token(answer, e->camera_token);
    case STEP_SCREEN:
        return take_token(answer, e->screen_token) < 0 ? -EBADMSG : 1;
    }
    return -EBADMSG;
}

static void refuse(struct entering *e, const struct http_response *rs)
{
    if (rs->error < 0) {
        log_limited(&e->rooms->log_refused, LOG_LEVEL_WARNING, "room %s: %s: %s", e->name,
                    step_names[e->step], rs->message);
        finish(e, 503, "The video server cannot be reached.");
        return;
    }
    log_limited(&e->rooms->log_refused, LOG_LEVEL_WARNING, "room %s: %s: the server answered %u",
                e->name, step_names[e->step], rs->status);
    if (rs->status == 401)
        finish(e, 502, "The video server does not accept this app's secret.");
    else
        finish(e, rs->status >= 500 ? 503 : 502, "The video server refused the request.");
}

static void on_answer(const struct http_response *rs, void *arg)
{
    struct entering *e = arg;
    bool exists = e->step == STEP_SESSION && rs->status == 409;
    json_t *answer;
    int r;

    e->call = NULL;
    if (rs->error < 0 || (rs->status != 200 && !exists)) {
        refuse(e, rs);
        return;
    }
    answer = exists ? NULL : json_loadb((const char *) rs->body.p, rs->body.len, 0, NULL);
    r = take_answer(e, answer);
    json_decref(answer);
    if (r == 0)
        r = send_step(e);
    if (r < 0) {
        log_limited(&e->rooms->log_refused, LOG_LEVEL_WARNING, "room %s: %s: %s", e->name,
                    step_names[e->step], strerror(-r));
        finish(e, 502, "The video server's answer was not understood.");
    } else if (r == 1) {
        e->rooms->n_entered++;
        finish(e, 200, "");
    }
}

int rooms_enter(struct rooms *r, const char *name, room_entry_fn *fn, void *arg)
{
    struct entering *e;
    int error;

    if (!room_name_is_valid(name))
        return -EINVAL;
    if (r->n_entering >= ENTERING_MAX)
        return -EAGAIN;
    e = calloc(1, sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->rooms = r;
    e->fn = fn;
    e->arg = arg;
    memcpy(e->name, name, strlen(name) + 1);
    list_append(&r->entering, &e->node);
    r->n_entering++;
    error = send_step(e);
    if (error < 0)
        entering_free(e);
    return error;
}
