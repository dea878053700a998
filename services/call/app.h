/* app.h: the web side of Call: its pages, and the few REST routes that they use. */
#pragma once

#include "call/config.h"
#include "loop/loop.h"

struct app;

/* Listens on the sockets that the service manager made ("call"), or else as the configuration says;
 * config must outlive the app. A socket that cannot be had is logged. */
int app_new(struct loop *l, const struct call_config *config, struct app **ret_app);
/* config has been read again. */
void app_reloaded(struct app *a);

/* "2 guests let in since the start" */
void app_status(const struct app *a, char *text, size_t size);

struct app *app_free(struct app *a);
