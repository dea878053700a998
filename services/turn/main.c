/* visavis-turn: a TURN server (RFC 8656) that relays to the media daemons and, unless told
 * otherwise, to nobody else. */
#include "base/log.h"
#include "daemon/daemon.h"
#include "turn/api.h"
#include "turn/metrics.h"
#include "turn/policy.h"
#include "turn/server.h"
#include "turn/web.h"

#define DESCRIPTORS_BESIDE 64 /* those that are no client's */

struct daemon {
    struct turn_config config;
    struct pulse *pulse;
    struct server *server;
    struct policy *policy;
    struct api *api;
    struct metrics *metrics;
    struct web_port *web_port;
};

static int read_config(void *self, const char *path, conf_problem_fn *fn, void *arg)
{
    struct daemon *d = self;

    return config_read(path, &d->config, fn, arg);
}

static int reload(void *self, const char *path, conf_problem_fn *fn, conf_problem_fn *fn_later,
                  void *arg)
{
    struct daemon *d = self;
    int r = config_reload(&d->config, path, fn, fn_later, arg);

    if (r == 0)
        r = server_reloaded(d->server, &d->config);
    if (r == 0)
        r = policy_reloaded(d->policy);
    return r;
}

static void status(void *self, char *text, size_t size)
{
    const struct daemon *d = self;

    server_status(d->server, text, size);
}

static const char *log_level(const void *self)
{
    const struct daemon *d = self;

    return d->config.log_level;
}

static int on_policy(struct peers *peers, void *arg)
{
    struct server *server = arg;

    return server_set_peers(server, peers);
}

static int start(void *self, struct loop *l)
{
    struct daemon *d = self;
    char text[ADDR_TEXT_SIZE];
    int r;

    daemon_raise_descriptors(server_descriptors(&d->config) + DESCRIPTORS_BESIDE);
    r = pulse_new(l, &d->pulse);
    if (r == 0)
        r = server_new(&d->config, d->pulse, &d->server);
    if (r == 0)
        r = policy_new(l, &d->config, on_policy, d->server, &d->policy);
    if (r == 0)
        r = api_new(l, d->config.api, d->server, &d->api);
    if (r == 0 && d->config.metrics)
        r = metrics_new(l, d->config.metrics, d->server, &d->metrics);
    if (r == 0 && d->config.web_listen)
        r = web_port_new(l, d->config.web_listen, d->server, &d->web_port);
    for (size_t i = 0; r == 0 && i < d->config.n_listen; i++)
        log_info("listening on %s:%s", transport_kind_names[d->config.listen[i].kind],
                 addr_format(&d->config.listen[i].addr, text));
    return r;
}

static void stop(void *self)
{
    struct daemon *d = self;

    web_port_free(d->web_port);
    policy_free(d->policy);
    metrics_free(d->metrics);
    server_free(d->server);
    api_free(d->api);
    pulse_free(d->pulse);
}

static void done_config(void *self)
{
    struct daemon *d = self;

    config_done(&d->config);
}

int main(int argc, char **argv)
{
    static const struct daemon_def def = {
        .name = "visavis-turn",
        .read_config = read_config,
        .log_level = log_level,
        .reload = reload,
        .status = status,
        .start = start,
        .stop = stop,
        .done_config = done_config,
    };
    struct daemon d = {.server = NULL};

    return daemon_main(&def, &d, argc, argv);
}
