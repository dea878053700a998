#include "call/reply.h"

#include <stdlib.h>

void reply_json(struct web_request *rq, unsigned status, json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

    json_decref(body);
    if (!text) {
        web_reply(rq, 500, NULL, bytes_str(NULL));
        return;
    }
    web_reply_header(rq, "Cache-Control", "no-store");
    web_reply(rq, status, "application/json", bytes_str(text));
    free(text);
}

void reply_error(struct web_request *rq, unsigned status, const char *message)
{
    reply_json(rq, status, json_pack("{s:s}", "message", message));
}

void reply_message(struct web_request *rq, const char *message)
{
    reply_error(rq, 200, message);
}
