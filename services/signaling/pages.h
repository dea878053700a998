/* pages.h: what the web server has beside the API: the files of recordings, layouts and CDR, and
 * the dashboard. With the old paths of the same where those are configured. */
#pragma once

#include "web/web.h"

struct app;

/* Answers rq when its path is one of these; else false. */
bool pages_handle(struct app *app, struct web_request *rq);
