/* visavis-turn: a TURN server (RFC 8656) that relays to the media daemon and to nobody else. */
#include "base/log.h"
#include "notify/notify.h"
#include "turn/control.h"
#include "turn/server.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static const char usage[] = "usage: visavis-turn --config FILE [--check]\n"
                            "  --config FILE  the settings (libconfig)\n"
                            "  --check        only say whether they are right\n";

struct options {
    const char *config;
    bool check;
};

static bool parse_options(int argc, char **argv, struct options *ret)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'n'},
        {NULL, 0, NULL, 0},
    };
    int opt;

    while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (opt == 'c')
            ret->config = optarg;
        else if (opt == 'n')
            ret->check = true;
        else
            return false;
    }
    return ret->config && optind == argc;
}

static void on_problem(const char *text, void *arg)
{
    (void) arg;
    log_error("%s", text);
}

/* Each allocation is a socket. */
static void raise_descriptor_limit(const struct turn_config *c)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < c->total_quota + 64)
        log_warning("only %llu descriptors for total_quota = %zu allocations",
                    (unsigned long long) limit.rlim_cur, c->total_quota);
}

static void on_peers(const struct peers *peers, void *arg)
{
    struct server *server = arg;

    if (server_set_peers(server, peers) < 0)
        log_error("no memory for the media daemon's addresses, keeping the last ones");
}

static int run(const struct turn_config *config)
{
    struct loop *loop = NULL;
    struct server *server = NULL;
    struct control *control = NULL;
    char text[ADDR_TEXT_SIZE];
    int r = loop_new(&loop);

    if (r == 0)
        r = loop_quit_on_signals(loop);
    if (r == 0)
        r = loop_enable_watchdog(loop);
    if (r == 0)
        r = server_new(config, &server);
    if (r == 0)
        r = control_new(loop, config->control, on_peers, server, &control);
    if (r == 0) {
        for (size_t i = 0; i < config->n_listen; i++)
            log_info("listening on udp %s", addr_format(&config->listen[i], text));
        notify_ready();
        r = loop_run(loop);
        notify_stopping();
    }
    if (r < 0)
        log_error("ending: %s", strerror(-r));
    control_free(control);
    server_free(server);
    loop_free(loop);
    return r;
}

int main(int argc, char **argv)
{
    struct options o = {.config = NULL};
    struct turn_config config;
    int r;

    if (!parse_options(argc, argv, &o)) {
        fputs(usage, stderr);
        return 2;
    }
    log_init("visavis-turn", LOG_LEVEL_INFO);
    r = config_read(o.config, on_problem, NULL, &config);
    if (r < 0) {
        if (r != -EINVAL)
            log_error("%s: %s", o.config, strerror(-r));
        return EXIT_FAILURE;
    }
    if (!o.check) {
        log_init("visavis-turn", config.log_level);
        raise_descriptor_limit(&config);
        r = run(&config);
    }
    config_done(&config);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
