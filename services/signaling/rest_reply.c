/* The shapes of answers. */
#include "signaling/rest.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *status_text(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 409:
        return "Conflict";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Entity";
    case 429:
        return "Too Many Requests";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

/* Steals j (NULL: memory was out). */
static void send_json(struct web_request *rq, unsigned status, json_t *j)
{
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

    json_decref(j);
    if (text)
        web_reply(rq, status, "application/json", bytes_str(text));
    else
        web_reply(rq, status == 200 ? 500 : status, NULL, bytes_str(NULL));
    free(text);
}

void rest_reply_json(struct rest *r, json_t *j)
{
    send_json(r->rq, 200, j);
}

void rest_reply_text(struct rest *r, const char *text)
{
    web_reply(r->rq, 200, "text/plain;charset=UTF-8", bytes_str(text));
}

void rest_reply_empty(struct rest *r, unsigned status)
{
    web_reply(r->rq, status, NULL, bytes_str(NULL));
}

void rest_reply_problem(struct rest *r, const struct problem *p)
{
    send_json(r->rq, p->status,
              json_pack("{s:I,s:i,s:s,s:s,s:s}", "timestamp", (json_int_t) clock_wall_ms(),
                        "status", (int) p->status, "error", status_text(p->status), "message",
                        p->text, "path", web_path(r->rq)));
}

/* Shape E2. */
void rest_refuse(struct web_request *rq, unsigned status)
{
    uint64_t ms = clock_wall_ms();
    time_t seconds = (time_t) (ms / 1000);
    char when[64];
    struct tm tm;
    size_t len;

    gmtime_r(&seconds, &tm);
    len = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(when + len, sizeof(when) - len, ".%03u+00:00", (unsigned) (ms % 1000));
    send_json(rq, status,
              json_pack("{s:s,s:i,s:s,s:s}", "timestamp", when, "status", (int) status, "error",
                        status_text(status), "path", web_path(rq)));
}
