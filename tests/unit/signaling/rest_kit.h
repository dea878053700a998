/* rest_kit.h: requests to the REST API without sockets. The definitions below take the place of
 * the web module's: a request is what the test says, and the last answer is kept. */
#pragma once

#include "app_kit.h"

#include "signaling/rest.h"
#include "signaling/rest_list.h"
#include "web/web.h"
#include "web/web_listen.h"
#include "web/web_target.h"

#include <strings.h>

struct web_request {
    const char *method, *type;
    struct web_target target;
    struct bytes body;
};

static unsigned kit_status;  /* of the answer; 0: there was none yet */
static unsigned kit_answers; /* how many there were */
static bool kit_is_waiting;  /* for one that comes from the loop */

const char *web_method(const struct web_request *rq)
{
    return rq->method;
}

const char *web_path(const struct web_request *rq)
{
    return rq->target.path;
}

const char *web_segment(const struct web_request *rq, unsigned i)
{
    return web_target_segment(&rq->target, i);
}

unsigned web_n_segments(const struct web_request *rq)
{
    return rq->target.n_segments;
}

const char *web_query(const struct web_request *rq, const char *name)
{
    return web_target_query(&rq->target, name);
}

const char *web_header(const struct web_request *rq, const char *name)
{
    if (strcasecmp(name, "Content-Type") == 0)
        return rq->type;
    return strcasecmp(name, "Authorization") == 0 ? "Basic good" : NULL;
}

struct bytes web_body(const struct web_request *rq)
{
    return rq->body;
}

bool web_guesser(const struct web_request *rq, struct addr *ret)
{
    (void) rq;
    (void) ret;
    return false;
}

bool web_basic_auth_matches(const struct web_request *rq, const char *user, const char *password)
{
    (void) rq;
    (void) user;
    (void) password;
    return true;
}

int web_reply_header(struct web_request *rq, const char *name, const char *value)
{
    (void) rq;
    (void) name;
    (void) value;
    return 0;
}

int web_always(struct web *w, const char *name, const char *value)
{
    (void) w;
    (void) name;
    (void) value;
    return 0;
}

/* There are no sockets. */
int web_upgrade(struct web_request *rq, const struct ws_handlers *handlers, void *arg,
                struct ws **ret_ws)
{
    (void) rq;
    (void) handlers;
    (void) arg;
    (void) ret_ws;
    abort();
}

int ws_send(struct ws *s, struct bytes text)
{
    (void) s;
    (void) text;
    abort();
}

void ws_close(struct ws *s, unsigned code, const char *reason)
{
    (void) s;
    (void) code;
    (void) reason;
    abort();
}

/* No configuration is read here; the real one brings sockets along. */
bool web_listen_check(const char *text, char *why, size_t why_size)
{
    (void) text;
    (void) why;
    (void) why_size;
    return true;
}

void web_reply(struct web_request *rq, unsigned status, const char *type, struct bytes body)
{
    (void) type;
    (void) body;
    kit_status = status;
    kit_answers++;
    if (kit_is_waiting)
        loop_quit(app.loop, 0);
    kit_is_waiting = false;
    web_target_done(&rq->target);
    free(rq);
}

void web_reply_file(struct web_request *rq, const char *dir, const char *path)
{
    (void) dir;
    (void) path;
    web_reply(rq, 200, NULL, bytes_str(NULL));
}

/* Runs the loop until the next answer. */
static void rest_kit_wait(void)
{
    kit_is_waiting = true;
    (void) loop_run(app.loop);
}

/* What the web module itself refuses does not get here: then false. Strings and body must live
 * until the answer. */
static bool rest_kit_send(const char *method, const char *target, const char *type,
                          struct bytes body)
{
    struct web_request *rq = calloc(1, sizeof(*rq));

    if (!rq)
        abort();
    *rq = (struct web_request){.method = method, .type = type, .body = body};
    kit_status = 0;
    if (web_target_parse(target, &rq->target) < 0) {
        web_target_done(&rq->target);
        free(rq);
        return false;
    }
    rest_handle(&app, rq);
    return true;
}
