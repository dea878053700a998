/* config.h: what call.cfg says. */
#pragma once

#include "conf/conf.h"

struct call_config {
    struct conf_strings listen; /* "tcp:127.0.0.1:5442" */
    char *openvidu_url;         /* "http://127.0.0.1:4443", without a trailing slash */
    char *openvidu_secret;
    char *pages;         /* folder of the built pages */
    bool private_access; /* only with user and secret */
    char *user;
    char *secret, *admin_secret; /* of the app, and of the recordings' page; "": openvidu_secret */
    bool recording;              /* is it offered here? The server has its own word in it */
    char *log_level;
};

/* Tells each problem as one line. *ret must be zeroed; call_config_done() frees it in every case.
 */
int call_config_read(const char *path, struct call_config *ret, conf_problem_fn *fn, void *arg);

/* Reads again. The live values are in force then, and nobody may still hold strings from before;
 * tells fn_later the keys that changed and are not live. After an error nothing has changed. */
int call_config_reload(struct call_config *c, const char *path, conf_problem_fn *fn,
                       conf_problem_fn *fn_later, void *arg);
void call_config_done(struct call_config *c);
