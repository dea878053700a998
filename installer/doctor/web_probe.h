/* web_probe.h: one HTTP request, waited for. */
#pragma once

#include "http/http.h"

#define WEB_PROBE_BODY_MAX 4096

struct web_answer {
    int error;         /* 0, or a negative errno */
    char message[256]; /* what went wrong, for people */
    unsigned status;
    char body[WEB_PROBE_BODY_MAX]; /* its beginning, as text */
    char location[1024];
};

/* Always fills *ret. */
void web_probe(const struct http_request *rq, struct web_answer *ret);
