/* login.h: who may come in: the one user of a private app, and the admin of its recordings.
 *
 * Both show that they have logged in by a cookie that scripts cannot read. Programs may send Basic
 * credentials with each request instead. Addresses that send wrong secrets are slowed. */
#pragma once

#include "call/config.h"
#include "loop/loop.h"
#include "web/web.h"

struct login;
struct app;

/* config must outlive it. */
int login_new(struct loop *l, const struct call_config *config, struct login **ret_login);

/* Those who wait are judged. NULL is fine; returns NULL. */
struct login *login_free(struct login *n);

/* config has been read again: who logged in with another secret is out. -ENOMEM: nobody is in. */
int login_reloaded(struct login *n);

/* By its cookie; true for everybody where access is not private. */
bool login_is_in(const struct login *n, const struct web_request *rq);

/* Calls go, now or in a second, for those who may come in; others get 401, or 429. */
typedef void login_go_fn(struct app *app, struct web_request *rq);
void login_admit(struct login *n, struct web_request *rq, login_go_fn *go, struct app *app);

/* The four requests: POST with a body {"username", "password"} or {"password"}, or none. */
void login_user_in(struct login *n, struct web_request *rq);
void login_user_out(struct login *n, struct web_request *rq);
void login_admin_in(struct login *n, struct web_request *rq);
void login_admin_out(struct login *n, struct web_request *rq);
