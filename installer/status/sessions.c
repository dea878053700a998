#include "status/sessions.h"

#include "http/http.h"
#include "loop/loop.h"
#include "text/json.h"

#include <errno.h>
#include <stdio.h>

#define TIMEOUT_MS 2000
#define BODY_MAX (16U * 1024 * 1024)

struct question {
    struct loop *loop;
    unsigned n;
};

static int read_count(struct bytes body, unsigned *ret)
{
    json_t *o = json_loadb((const char *) body.p, body.len, 0, NULL);
    json_t *n = json_object_get(o, "numberOfElements");
    int r = json_is_integer(n) && json_integer_value(n) >= 0 ? 0 : -EBADMSG;

    if (r == 0)
        *ret = (unsigned) json_integer_value(n);
    json_decref(o);
    return r;
}

static void on_done(const struct http_response *rs, void *arg)
{
    struct question *q = arg;
    int r = rs->error;

    if (r == 0)
        r = rs->status == 200 ? read_count(rs->body, &q->n) : -EACCES;
    loop_quit(q->loop, r);
}

int sessions_count(const struct settings *s, unsigned *ret)
{
    char url[80];
    struct question q = {.loop = NULL};
    struct http_request rq = {
        .method = "GET",
        .url = url,
        .user = "OPENVIDUAPP",
        .password = settings_text(s, SET_OPENVIDU_SECRET),
        .timeout_ms = TIMEOUT_MS,
        .max_body = BODY_MAX,
    };
    struct http *http = NULL;
    int r = loop_new(&q.loop);

    if (r < 0)
        return r;
    snprintf(url, sizeof(url), "http://127.0.0.1:%lld/openvidu/api/sessions",
             (long long) settings_int(s, SET_SERVER_PORT));
    r = http_new(q.loop, &http);
    if (r == 0)
        r = http_start(http, &rq, on_done, &q, NULL);
    if (r == 0)
        r = loop_run(q.loop);
    http_free(http);
    loop_free(q.loop);
    if (r == 0)
        *ret = q.n;
    return r < 0 ? r : 0;
}
