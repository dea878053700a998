/* config.h: what call.cfg says. */
#pragma once

#include "conf/conf.h"

struct call_config {
    struct conf_strings listen; /* "tcp:127.0.0.1:5442" */
    char *openvidu_url;         /* "http://127.0.0.1:4443", without a trailing slash */
    char *openvidu_secret;
    char *pages; /* folder of the built pages */
    char *log_level;
};

/* Tells each problem as one line. *ret must be zeroed; call_config_done() frees it in every case.
 */
int call_config_read(const char *path, struct call_config *ret, conf_problem_fn *fn, void *arg);
void call_config_done(struct call_config *c);
