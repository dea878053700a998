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

#define STATUS_US 5000000
#define STATUS_SIZE 256
#define PROBLEM_SIZE 112 /* fits the status with what else is in it */

struct options {
    const char *config;
    bool check, help;
};

struct running {
    const struct daemon_def *def;
    void *self;
    const char *config;
    struct loop_timer status_timer;
    char status[STATUS_SIZE];   /* as last told */
    char problem[PROBLEM_SIZE]; /* the first of the last reading of the file; "" none */
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

/* ---- status ---- */

static void tell_status(struct running *r)
{
    char own[DAEMON_STATUS_SIZE] = "";
    char text[STATUS_SIZE];

    if (r->def->status)
        r->def->status(r->self, own, sizeof(own));
    if (*r->problem)
        snprintf(text, sizeof(text), "%s%sthe new configuration is not in use: %s", own,
                 *own ? "; " : "", r->problem);
    else
        snprintf(text, sizeof(text), "%s", own);
    if (strcmp(text, r->status) == 0)
        return;
    memcpy(r->status, text, sizeof(text));
    notify_status("%s", text);
}

static void on_status_timer(struct loop_timer *t)
{
    tell_status(container_of(t, struct running, status_timer));
    (void) loop_timer_start(t, t->loop, STATUS_US, on_status_timer);
}

/* ---- SIGHUP ---- */

static void on_reload_problem(const char *text, void *arg)
{
    struct running *r = arg;

    log_error("%s", text);
    if (!*r->problem)
        snprintf(r->problem, sizeof(r->problem), "%s", text);
}

static void on_later(const char *key, void *arg)
{
    (void) arg;
    log_warning("%s has changed; that takes effect when this daemon is restarted", key);
}

static void reload(struct running *r)
{
    char text[PROBLEM_SIZE];
    int error;

    r->problem[0] = '\0';
    error = r->def->reload(r->self, r->config, on_reload_problem, on_later, r);
    if (error == 0) {
        log_set_level(log_level_by_name(r->def->log_level(r->self)));
        log_notice("%s has been read again", r->config);
        return;
    }
    if (error != -EINVAL) {
        snprintf(text, sizeof(text), "%s: %s", r->config, strerror(-error));
        on_reload_problem(text, r);
    }
    log_error("the new configuration is not used, the one from before stays in force");
}

static void on_reload_signal(struct loop *l, int signo, void *arg)
{
    struct running *r = arg;

    (void) l;
    (void) signo;
    notify_reloading();
    if (r->def->reload)
        reload(r);
    tell_status(r);
    notify_ready();
}

/* ---- from start to end ---- */

static int prepare_loop(struct running *running, struct loop **ret_loop)
{
    int r = loop_new(ret_loop);

    if (r == 0)
        r = loop_signal_add(*ret_loop, SIGTERM, on_quit_signal, running);
    if (r == 0)
        r = loop_signal_add(*ret_loop, SIGINT, on_quit_signal, running);
    if (r == 0)
        r = loop_signal_add(*ret_loop, SIGHUP, on_reload_signal, running);
    if (r == 0)
        r = loop_feed_watchdog(*ret_loop, true);
    if (r == 0 && signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        r = -errno;
    return r;
}

static int run(const struct daemon_def *def, void *self, const char *config)
{
    struct running running = {.def = def, .self = self, .config = config};
    struct loop *loop = NULL;
    int r = prepare_loop(&running, &loop);

    if (r == 0)
        r = def->start(self, loop);
    if (r == 0)
        r = loop_timer_start(&running.status_timer, loop, STATUS_US, on_status_timer);
    if (r < 0) {
        log_error("cannot start: %s", strerror(-r));
    } else {
        tell_status(&running);
        notify_ready();
        r = loop_run(loop);
        if (r < 0)
            log_error("ending: %s", strerror(-r));
    }
    def->stop(self);
    loop_timer_done(&running.status_timer);
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
        status = run(def, self, o.config);
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
