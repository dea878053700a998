/* visavis-call: the video-conference app, a web server with its pages and an ordinary REST client
 * of the signaling server. usage: visavis-call --config FILE [--check] */
#include "base/log.h"
#include "call/app.h"
#include "notify/notify.h"

#include <stdio.h>
#include <string.h>

static int run(const struct call_config *config)
{
    struct loop *loop = NULL;
    struct app *app = NULL;
    int r = loop_new(&loop);

    if (r == 0)
        r = loop_quit_on_signals(loop);
    if (r == 0)
        r = loop_enable_watchdog(loop);
    if (r < 0)
        log_error("cannot make an event loop: %s", strerror(-r));
    if (r == 0)
        r = app_new(loop, config, &app);
    if (r == 0) {
        notify_ready();
        log_info("ready, video server at %s", config->openvidu_url);
        r = loop_run(loop);
        notify_stopping();
    }
    app_free(app);
    loop_free(loop);
    return r < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct call_config config = {0};
    bool check = argc == 4 && strcmp(argv[3], "--check") == 0;
    int status = 2;

    if ((argc != 3 && !check) || strcmp(argv[1], "--config") != 0) {
        fputs("usage: visavis-call --config FILE [--check]\n", stderr);
        return status;
    }
    log_init("visavis-call", LOG_LEVEL_INFO);
    if (call_config_read(argv[2], &config) == 0) {
        log_init("visavis-call", log_level_by_name(config.log_level));
        status = check ? 0 : run(&config);
    }
    call_config_done(&config);
    return status;
}
