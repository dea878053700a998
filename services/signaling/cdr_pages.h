/* cdr_pages.h: the CDR files over HTTP: their names, and each of them. */
#pragma once

#include "web/web.h"

/* Answers: path "" with a JSON array of the names, oldest first; else with that file. folder "":
 * there are none. */
void cdr_pages_reply(struct web_request *rq, const char *folder, const char *path);
