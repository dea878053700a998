/* info.h: the WebSocket of the dashboard, /openvidu/info: a line of text for each change of a
 * session, as it happens. Who listens has the credentials of the API, and comes from a page of this
 * very server: other pages could use what the browser remembers. Nothing is kept for those who come
 * later, and who does not read is dropped. */
#pragma once

#include "base/log.h"

#define INFO_LISTENERS_MAX 32

struct app;
struct info;
struct web_request;

int info_new(struct app *app, struct info **ret_info);

/* After the web server. NULL is fine; returns NULL. */
struct info *info_free(struct info *i);

/* Answers a handshake. */
void info_accept(struct app *app, struct web_request *rq);

/* "12:05:09 [session S connection C] " and the text, to all who listen. i may be NULL. */
void info_tell(struct info *i, struct log_ids ids, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
