/* access.h: who may use the API: the secret, and the slowing of those who guess it. */
#pragma once

#include "web/web.h"

struct app;

typedef void access_fn(struct app *app, struct web_request *rq);

/* Calls go, now or in a second, when rq has the credentials of the API; else answers 401, or 429
 * where too many guesses come from. */
void access_admit(struct app *app, struct web_request *rq, access_fn *go);

/* A wrong secret has come from there. */
void access_wrong(struct app *app, const struct addr *guesser);
