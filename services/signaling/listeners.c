#include "signaling/listeners.h"

#include "base/log.h"
#include "signaling/app.h"
#include "web/web_listen.h"

#include <string.h>

static int take_inherited(struct app *app, const char *name, bool trusted_proxy)
{
    int n = web_listen_inherited(app->web, name, trusted_proxy);

    if (n < 0)
        log_error("cannot listen on the inherited sockets \"%s\": %s", name, strerror(-n));
    else if (n > 0)
        log_info("listening on %d inherited sockets \"%s\"", n, name);
    return n;
}

static int open_configured(struct app *app, const char *text)
{
    char bound[WEB_LISTEN_TEXT_SIZE];
    int error = web_listen(app->web, text, bound);

    if (error)
        log_error("cannot listen on %s: %s", text, strerror(-error));
    else
        log_info("listening on %s", bound);
    return error;
}

int listeners_open(struct app *app)
{
    int n_proxy = take_inherited(app, "signaling-proxy", true);
    int n_plain = n_proxy < 0 ? n_proxy : take_inherited(app, "signaling", false);
    int error = n_plain < 0 ? n_plain : 0;

    for (size_t i = 0; !error && i < app->config.listen.n; i++) {
        const char *text = app->config.listen.items[i];

        if ((web_listen_is_unix(text) ? n_proxy : n_plain) == 0)
            error = open_configured(app, text);
    }
    return error;
}
