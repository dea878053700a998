/* visavis-call: the video-conference app, a web server with its pages and an ordinary REST client
 * of the signaling server. */
#include "base/log.h"
#include "call/app.h"
#include "daemon/daemon.h"

struct call {
    struct call_config config;
    struct app *app;
};

static int read_config(void *self, const char *path, conf_problem_fn *fn, void *arg)
{
    struct call *c = self;

    return call_config_read(path, &c->config, fn, arg);
}

static const char *log_level(const void *self)
{
    const struct call *c = self;

    return c->config.log_level;
}

static int reload(void *self, const char *path, conf_problem_fn *fn, conf_problem_fn *fn_later,
                  void *arg)
{
    struct call *c = self;
    int r = call_config_reload(&c->config, path, fn, fn_later, arg);

    if (r == 0)
        app_reloaded(c->app);
    return r;
}

static void status(void *self, char *text, size_t size)
{
    const struct call *c = self;

    app_status(c->app, text, size);
}

static int start(void *self, struct loop *l)
{
    struct call *c = self;
    int r = app_new(l, &c->config, &c->app);

    if (r == 0)
        log_info("video server at %s", c->config.openvidu_url);
    return r;
}

static void stop(void *self)
{
    struct call *c = self;

    app_free(c->app);
}

static void done_config(void *self)
{
    struct call *c = self;

    call_config_done(&c->config);
}

int main(int argc, char **argv)
{
    static const struct daemon_def def = {
        .name = "visavis-call",
        .read_config = read_config,
        .log_level = log_level,
        .reload = reload,
        .status = status,
        .start = start,
        .stop = stop,
        .done_config = done_config,
    };
    struct call call = {.app = NULL};

    return daemon_main(&def, &call, argc, argv);
}
