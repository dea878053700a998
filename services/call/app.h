/* app.h: the web side of Call: its pages, and the few REST routes that they use. */
#pragma once

#include "call/config.h"
#include "loop/loop.h"

struct app;

/* Listens as the configuration says; config must outlive the app. A socket that cannot be had
 * is logged. */
int app_new(struct loop *l, const struct call_config *config, struct app **ret_app);
struct app *app_free(struct app *a);
