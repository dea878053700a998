/* visavis-signaling: sessions, REST and RPC of the OpenVidu API. */
#include "daemon/daemon.h"
#include "signaling/server.h"

#define DESCRIPTORS_BESIDE 256 /* those that are nobody's connections */

static int read_config(void *self, const char *path, conf_problem_fn *fn, void *arg)
{
    struct app *app = self;

    return config_read(path, &app->config, fn, arg);
}

static const char *log_level(const void *self)
{
    const struct app *app = self;

    return app->config.log_level;
}

static int reload(void *self, const char *path, conf_problem_fn *fn, conf_problem_fn *fn_later,
                  void *arg)
{
    struct app *app = self;
    int error = config_reload(&app->config, path, fn, fn_later, arg);

    if (error == 0)
        server_reloaded(app);
    return error;
}

static void status(void *self, char *text, size_t size)
{
    server_status(self, text, size);
}

static int start(void *self, struct loop *l)
{
    struct app *app = self;

    daemon_raise_descriptors((size_t) app->config.max_clients + (size_t) app->config.max_http +
                             DESCRIPTORS_BESIDE);
    return server_start(app, l);
}

static void quit(void *self, struct loop *l)
{
    (void) l;
    server_stop(self);
}

static void stop(void *self)
{
    server_done(self);
}

static void done_config(void *self)
{
    struct app *app = self;

    config_done(&app->config);
}

int main(int argc, char **argv)
{
    static const struct daemon_def def = {
        .name = "visavis-signaling",
        .read_config = read_config,
        .log_level = log_level,
        .reload = reload,
        .status = status,
        .start = start,
        .quit = quit,
        .stop = stop,
        .done_config = done_config,
    };
    static struct app app;

    return daemon_main(&def, &app, argc, argv);
}
