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

struct turn {
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
    struct turn *t = self;

    return config_read(path, &t->config, fn, arg);
}

static int reload(void *self, const char *path, conf_problem_fn *fn, conf_problem_fn *fn_later,
                  void *arg)
{
    struct turn *t = self;
    int r = config_reload(&t->config, path, fn, fn_later, arg);

    if (r == 0)
        r = server_reloaded(t->server, &t->config);
    if (r == 0)
        r = policy_reloaded(t->policy);
    return r;
}

static void status(void *self, char *text, size_t size)
{
    const struct turn *t = self;

    server_status(t->server, text, size);
}

static const char *log_level(const void *self)
{
    const struct turn *t = self;

    return t->config.log_level;
}

static int on_policy(struct peers *peers, void *arg)
{
    struct server *server = arg;

    return server_set_peers(server, peers);
}

static int start(void *self, struct loop *l)
{
    struct turn *t = self;
    char text[ADDR_TEXT_SIZE];
    int r;

    daemon_raise_descriptors(server_descriptors(&t->config) + DESCRIPTORS_BESIDE);
    r = pulse_new(l, &t->pulse);
    if (r == 0)
        r = server_new(&t->config, t->pulse, &t->server);
    if (r == 0)
        r = policy_new(l, &t->config, on_policy, t->server, &t->policy);
    if (r == 0)
        r = api_new(l, t->config.api, t->server, &t->api);
    if (r == 0 && t->config.metrics)
        r = metrics_new(l, t->config.metrics, t->server, &t->metrics);
    if (r == 0 && t->config.web_listen)
        r = web_port_new(l, t->config.web_listen, t->server, &t->web_port);
    for (size_t i = 0; r == 0 && i < t->config.n_listen; i++)
        log_info("listening on %s:%s", transport_kind_names[t->config.listen[i].kind],
                 addr_format(&t->config.listen[i].addr, text));
    return r;
}

static void stop(void *self)
{
    struct turn *t = self;

    web_port_free(t->web_port);
    policy_free(t->policy);
    metrics_free(t->metrics);
    server_free(t->server);
    api_free(t->api);
    pulse_free(t->pulse);
}

static void done_config(void *self)
{
    struct turn *t = self;

    config_done(&t->config);
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
    struct turn turn = {.server = NULL};

    return daemon_main(&def, &turn, argc, argv);
}
