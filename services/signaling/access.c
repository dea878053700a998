#include "signaling/access.h"

#include "base/log.h"
#include "signaling/app.h"
#include "signaling/rest.h"
#include "web/throttle.h"

#include <string.h>

#define CHALLENGE "Basic realm=\"Realm\""

struct attempt {
    struct app *app;
    struct web_request *rq;
    access_fn *go;
    bool counted;
    struct addr guesser;
};

static void reply_unauthorized(struct web_request *rq)
{
    const char *with = web_header(rq, "X-Requested-With");

    if (!with || strcmp(with, "XMLHttpRequest") != 0)
        web_reply_header(rq, "WWW-Authenticate", CHALLENGE);
    rest_refuse(rq, 401);
}

void access_wrong(struct app *app, const struct addr *guesser)
{
    char ip[ADDR_TEXT_SIZE];

    if (throttle_wrong(app->throttle, guesser))
        log_limited(&app->log_guessing, LOG_LEVEL_WARNING,
                    "several wrong secrets from %s, slowing down what comes from there",
                    addr_format_ip(guesser, ip));
}

static void judge(void *arg)
{
    const struct attempt *a = arg;

    if (web_basic_auth_matches(a->rq, API_USER, a->app->config.secret)) {
        a->go(a->app, a->rq);
        return;
    }
    if (a->counted)
        access_wrong(a->app, &a->guesser);
    reply_unauthorized(a->rq);
}

void access_admit(struct app *app, struct web_request *rq, access_fn *go)
{
    struct attempt a = {.app = app, .rq = rq, .go = go};
    int r = 0;

    if (!web_header(rq, "Authorization")) {
        reply_unauthorized(rq);
        return;
    }
    a.counted = web_guesser(rq, &a.guesser);
    if (a.counted)
        r = throttle_admit(app->throttle, &a.guesser, judge, &a, sizeof(a));
    if (r == 0) {
        judge(&a);
    } else if (r < 0) {
        web_reply_header(rq, "Retry-After", "1");
        rest_refuse(rq, 429);
    }
}
