#include "doctor/web_probe.h"

#include <stdio.h>

struct probe {
    struct loop *loop;
    struct web_answer *answer;
};

static void on_done(const struct http_response *rs, void *arg)
{
    struct probe *p = arg;

    p->answer->error = rs->error;
    p->answer->status = rs->status;
    snprintf(p->answer->message, sizeof(p->answer->message), "%s", rs->message);
    snprintf(p->answer->location, sizeof(p->answer->location), "%s", rs->location);
    snprintf(p->answer->body, sizeof(p->answer->body), "%.*s", (int) rs->body.len,
             rs->body.len ? (const char *) rs->body.p : "");
    loop_quit(p->loop, 0);
}

void web_probe(const struct http_request *rq, struct web_answer *ret)
{
    struct probe p = {.answer = ret};
    struct http *h = NULL;
    int r = loop_new(&p.loop);

    *ret = (struct web_answer){.error = 0};
    if (r == 0)
        r = http_new(p.loop, &h);
    if (r == 0)
        r = http_start(h, rq, on_done, &p, NULL);
    if (r == 0)
        (void) loop_run(p.loop);
    if (r < 0) {
        ret->error = r;
        snprintf(ret->message, sizeof(ret->message), "%s", strerror(-r));
    }
    http_free(h);
    if (p.loop)
        loop_free(p.loop);
}
