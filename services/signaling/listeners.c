#include "signaling/listeners.h"

#include "base/log.h"
#include "notify/notify.h"
#include "signaling/app.h"
#include "web/web_listen.h"

#include <string.h>

int listeners_open(struct app *app)
{
    int fds[8];
    int n = notify_listen_fds("signaling", fds, 8);
    int error;

    for (int i = 0; i < n && i < 8; i++) {
        error = web_add_listener(app->web, fds[i], true);
        if (error)
            return error;
    }
    for (size_t i = 0; n == 0 && i < app->config.listen.n; i++) {
        char bound[WEB_LISTEN_TEXT_SIZE];

        error = web_listen(app->web, app->config.listen.items[i], bound);
        if (error) {
            log_error("cannot listen on %s: %s", app->config.listen.items[i], strerror(-error));
            return error;
        }
        log_info("listening on %s", bound);
    }
    return 0;
}
