/* visavis-signaling: sessions, REST and RPC of the OpenVidu API. */
#include "base/log.h"
#include "notify/notify.h"
#include "server.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define EXIT_CONFIG 78 /* sysexits: something is wrong with the configuration */

static struct app app;

static void on_problem(const char *text, void *arg)
{
    (void) arg;
    log_error("%s", text);
}

static void on_signal(struct loop *l, int signo, void *arg)
{
    (void) l;
    (void) signo;
    (void) arg;
    notify_stopping();
    server_stop(&app);
}

/* Each WebSocket takes a descriptor. */
static void raise_descriptor_limit(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) < 0)
        return;
    r.rlim_cur = r.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &r) < 0)
        log_warning("cannot raise the limit of open files: %s, ignoring", strerror(errno));
}

static int run(void)
{
    struct loop *l = NULL;
    int code = loop_new(&l);

    if (code < 0) {
        log_error("cannot make an event loop: %s", strerror(-code));
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    loop_signal_add(l, SIGTERM, on_signal, NULL);
    loop_signal_add(l, SIGINT, on_signal, NULL);
    loop_enable_watchdog(l);
    code = server_start(&app, l);
    if (code == 0) {
        notify_ready();
        code = loop_run(l);
    }
    server_done(&app);
    loop_free(l);
    return code == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int usage(const char *program, FILE *to)
{
    fprintf(to,
            "usage: %s --config FILE [--check]\n"
            "  --config FILE  the configuration\n"
            "  --check        read it, tell what is wrong, and end\n",
            program);
    return to == stdout ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *path = NULL;
    bool check = false;
    int option, code;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            path = optarg;
        else if (option == 'k')
            check = true;
        else
            return usage(argv[0], option == 'h' ? stdout : stderr);
    }
    if (!path || optind < argc)
        return usage(argv[0], stderr);
    log_init("visavis-signaling", LOG_LEVEL_INFO);
    code = config_read(path, &app.config, on_problem, NULL);
    if (code)
        log_error("%s: cannot be used: %s", path, strerror(-code));
    if (code)
        code = EXIT_CONFIG;
    else if (!check) {
        log_init("visavis-signaling", log_level_by_name(app.config.log_level));
        code = run();
    }
    config_done(&app.config);
    return code;
}
