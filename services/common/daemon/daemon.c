#include "daemon/daemon.h"

#include "base/log.h"
#include "notify/notify.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

struct options {
    const char *config;
    bool check, help;
};

struct running {
    const struct daemon_def *def;
    void *self;
};

static void print_usage(const char *name, FILE *to)
{
    fprintf(to,
            "usage: %s --config FILE [--check]\n"
            "\n"
            "  --config FILE  the settings\n"
            "  --check        say what is wrong with them, and end\n"
            "  --help         show this text, and end\n",
            name);
}

static bool parse_options(int argc, char **argv, struct options *ret)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options o = {.config = NULL};
    int opt;

    while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (opt == 'c')
            o.config = optarg;
        else if (opt == 'n')
            o.check = true;
        else if (opt == 'h')
            o.help = true;
        else
            return false;
    }
    *ret = o;
    return o.help || (o.config && optind == argc);
}

static void on_problem(const char *text, void *arg)
{
    (void) arg;
    log_error("%s", text);
}

static void on_quit_signal(struct loop *l, int signo, void *arg)
{
    const struct running *r = arg;

    (void) signo;
    notify_stopping();
    if (r->def->quit)
        r->def->quit(r->self, l);
    else
        loop_quit(l, 0);
}

static int prepare_loop(struct running *running, struct loop **ret_loop)
{
    int r = loop_new(ret_loop);

    if (r == 0)
        r = loop_signal_add(*ret_loop, SIGTERM, on_quit_signal, running);
    if (r == 0)
        r = loop_signal_add(*ret_loop, SIGINT, on_quit_signal, running);
    if (r == 0)
        r = loop_enable_watchdog(*ret_loop);
    if (r == 0 && signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        r = -errno;
    return r;
}

static int run(const struct daemon_def *def, void *self)
{
    struct running running = {.def = def, .self = self};
    struct loop *loop = NULL;
    int r = prepare_loop(&running, &loop);

    if (r == 0)
        r = def->start(self, loop);
    if (r < 0) {
        log_error("cannot start: %s", strerror(-r));
    } else {
        notify_ready();
        r = loop_run(loop);
        if (r < 0)
            log_error("ending: %s", strerror(-r));
    }
    def->stop(self);
    loop_free(loop);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int daemon_main(const struct daemon_def *def, void *self, int argc, char **argv)
{
    struct options o;
    int status = EXIT_SUCCESS;
    int r;

    if (!parse_options(argc, argv, &o)) {
        print_usage(def->name, stderr);
        return EX_USAGE;
    }
    if (o.help) {
        print_usage(def->name, stdout);
        return EXIT_SUCCESS;
    }
    log_init(def->name, LOG_LEVEL_INFO);
    r = def->read_config(self, o.config, on_problem, NULL);
    if (r < 0) {
        if (r != -EINVAL)
            log_error("%s: %s", o.config, strerror(-r));
        status = EX_CONFIG;
    } else if (!o.check) {
        log_init(def->name, log_level_by_name(def->log_level(self)));
        status = run(def, self);
    }
    def->done_config(self);
    return status;
}

void daemon_raise_descriptors(size_t wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < wanted)
        log_warning("only %llu descriptors, where the configuration may want %zu",
                    (unsigned long long) limit.rlim_cur, wanted);
}
