/* reply.h: answers of the app in JSON. Each consumes the request. */
#pragma once

#include "web/web.h"

#include <jansson.h>

/* Steals body; NULL (memory was out) becomes 500. */
void reply_json(struct web_request *rq, unsigned status, json_t *body);

/* {"message": ...} */
void reply_error(struct web_request *rq, unsigned status, const char *message);
void reply_message(struct web_request *rq, const char *message); /* 200 */
