#include "status/api.h"

#include "http/http.h"
#include "loop/loop.h"

#include <stdio.h>

#define TIMEOUT_MS 5000
#define BODY_MAX (64U * 1024 * 1024) /* of thousands of sessions */

struct question {
    struct loop *loop;
    unsigned status;
    json_t *body;
};

struct api api_of(const struct settings *s)
{
    return (struct api){(uint16_t) settings_int(s, SET_SERVER_PORT),
                        settings_text(s, SET_OPENVIDU_SECRET)};
}

static void on_done(const struct http_response *rs, void *arg)
{
    struct question *q = arg;

    q->status = rs->status;
    if (rs->error == 0)
        q->body = json_loadb((const char *) rs->body.p, rs->body.len, 0, NULL);
    loop_quit(q->loop, rs->error);
}

int api_call(const struct api *a, const char *method, const char *path, unsigned *ret_status,
             json_t **ret_body)
{
    char url[512];
    struct question q = {.loop = NULL};
    struct http_request rq = {
        .method = method,
        .url = url,
        .user = "OPENVIDUAPP",
        .password = a->secret,
        .timeout_ms = TIMEOUT_MS,
        .max_body = BODY_MAX,
    };
    struct http *http = NULL;
    int r = loop_new(&q.loop);

    if (r < 0)
        return r;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/openvidu/api/%s", a->port, path);
    r = http_new(q.loop, &http);
    if (r == 0)
        r = http_start(http, &rq, on_done, &q, NULL);
    if (r == 0)
        r = loop_run(q.loop);
    http_free(http);
    loop_free(q.loop);
    if (r == 0)
        *ret_status = q.status;
    if (r == 0 && ret_body)
        *ret_body = json_incref(q.body);
    json_decref(q.body);
    return r < 0 ? r : 0;
}
