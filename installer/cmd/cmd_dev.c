/* visavis dev: media first, then the daemons that talk to it; ready when all say so. Everything
 * that is written lives in one private folder, which goes away at the end. */
#include "cmd/verbs.h"

#include "apply/render.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/rnd.h"
#include "host/ports.h"
#include "host/program.h"
#include "host/workdir.h"
#include "units/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define CONFIG_MAX 8192
#define LISTEN_TEXT 80
#define STOP_GRACE_MS 700
#define TURN_PORTS_TRIED 100
#define TURN_SECRET_LEN 35

extern char **environ;

struct dev {
    struct settings *settings;
    struct addr listen[RENDER_LISTEN_MAX]; /* of the API and of Call; port 0 */
    size_t n_listen;

    struct workdir dir;
    struct loop *loop;
    struct supervisor *supervisor;
    struct places places;
    char public_url[300], openvidu_url[300], control[WORKDIR_PATH_SIZE + 16],
        turn_api[WORKDIR_PATH_SIZE + 16], pages[PATH_MAX], dashboard[PATH_MAX];
    char turn_secret[TURN_SECRET_LEN + 1], turn_ip[256], host[256];
    char listen_text[2][RENDER_LISTEN_MAX][LISTEN_TEXT], turn_text[4][LISTEN_TEXT];
    bool told_ready, stopping;
    int status;
};

static const struct {
    const char *program, *config;
    void (*render)(struct wr *w, const struct settings *s, const struct places *p);
} daemons[] = {
    {"visavis-media", "media.cfg", render_media}, /* the others dial it */
    {"visavis-turn", "turn.cfg", render_turn},    /* and signaling this one */
    {"visavis-signaling", "signaling.cfg", render_signaling},
    {"visavis-call", "call.cfg", render_call},
};
#define N_DAEMONS (sizeof(daemons) / sizeof(daemons[0]))

/* ---- settings ---- */

static const char *from_environment(const char *key, void *arg)
{
    (void) arg;
    return getenv(key);
}

static void tell_problem(const struct setting_problem *p, void *arg)
{
    (void) arg;
    fprintf(stderr,
            "visavis dev: %s=%s is not valid: it %s.\n"
            "  allowed: %s\n"
            "  example: %s\n",
            p->key, p->value ? p->value : "", p->what, p->wanted ? p->wanted : "", p->example);
}

/* A misspelt key in the environment would otherwise just do nothing. */
static void warn_about_near_misses(void)
{
    for (char **e = environ; *e; e++) {
        const char *equals = strchr(*e, '=');
        char key[64];
        const char *nearest;

        if (!equals || (size_t) (equals - *e) >= sizeof(key) || equals - *e < 8)
            continue;
        snprintf(key, sizeof(key), "%.*s", (int) (equals - *e), *e);
        nearest = setting_nearest(key);
        if (nearest && strcmp(nearest, key) != 0)
            fprintf(stderr, "visavis dev: %s is not a setting, ignoring it. Did you mean %s?\n",
                    key, nearest);
    }
}

/* ---- the call ---- */

static void print_settings(void)
{
    for (int i = 0; i < N_SETTINGS; i++) {
        const struct setting_def *d = setting_def((enum setting) i);

        if (d->scope == SETTING_INSTALLED_ONLY)
            continue;
        printf("%-42s %s\n", d->key, d->doc);
        printf("%-42s   default: %s\n", "",
               d->dev_value ? d->dev_value
               : *d->value  ? d->value
                            : "(none)");
    }
}

static int parse_options(const struct cmd_call *call, struct dev *d)
{
    const char *text;

    while ((text = cmd_value_at(call, "listen", d->n_listen))) {
        if (d->n_listen == RENDER_LISTEN_MAX)
            return cmd_fail(call, CMD_USAGE, "at most %d addresses", RENDER_LISTEN_MAX);
        if (addr_parse_ip(text, 0, &d->listen[d->n_listen]) < 0)
            return cmd_fail(call, CMD_USAGE, "--listen %s: not an IP address", text);
        d->n_listen++;
    }
    return CMD_OK;
}

/* ---- addresses and ports ---- */

/* Both loopback addresses, IPv6 only where the machine has it. */
static void default_listen(struct dev *d)
{
    struct addr a;

    if (d->n_listen > 0)
        return;
    addr_parse_ip("127.0.0.1", 0, &d->listen[d->n_listen++]);
    addr_parse_ip("::1", 0, &a);
    if (port_check(&a, SOCK_STREAM) == 0)
        d->listen[d->n_listen++] = a;
}

static void tell_port_problem(const struct addr *a, const char *key, int error)
{
    char text[ADDR_TEXT_SIZE];

    addr_format(a, text);
    if (error == -EADDRINUSE)
        fprintf(stderr,
                "visavis dev: another program listens on %s already.\n"
                "  Stop it, or choose another port: %s=%d visavis dev\n",
                text, key, a->port < UINT16_MAX ? a->port + 1 : a->port - 1);
    else if (error == -EACCES)
        fprintf(stderr,
                "visavis dev: only root may listen on %s.\n"
                "  Choose a port from 1024 on: %s=%d visavis dev\n",
                text, key, a->port + 8000);
    else if (error == -EADDRNOTAVAIL)
        fprintf(stderr, "visavis dev: cannot listen on %s: this machine has no such address\n",
                text);
    else
        fprintf(stderr, "visavis dev: cannot listen on %s: %s\n", text, strerror(-error));
}

static int check_http_port(const struct dev *d, enum setting id)
{
    for (size_t i = 0; i < d->n_listen; i++) {
        struct addr a = d->listen[i];
        int r;

        a.port = (uint16_t) settings_int(d->settings, id);
        r = port_check(&a, SOCK_STREAM);
        if (r < 0) {
            tell_port_problem(&a, setting_def(id)->key, r);
            return r;
        }
    }
    return 0;
}

/* The TURN server's address for browsers: COTURN_IP, or the first address of an interface, since
 * some browsers never use a loopback one; without a network 127.0.0.1. */
static void choose_turn_ip(struct dev *d)
{
    const char *wanted = settings_text(d->settings, SET_COTURN_IP);
    struct addr found[32];
    char text[ADDR_TEXT_SIZE];
    uint16_t family = strcmp(wanted, "auto-ipv6") == 0 ? AF_INET6 : AF_INET;
    int n;

    if (strncmp(wanted, "auto-", 5) != 0) {
        snprintf(d->turn_ip, sizeof(d->turn_ip), "%s", wanted);
        return;
    }
    n = addr_local_list(found, 32, NULL);
    for (int i = 0; i < n; i++) {
        if (found[i].family != family || addr_is_loopback(&found[i]) ||
            addr_is_link_local(&found[i]))
            continue;
        snprintf(d->turn_ip, sizeof(d->turn_ip), "%s", addr_format_ip(&found[i], text));
        return;
    }
    snprintf(d->turn_ip, sizeof(d->turn_ip), "127.0.0.1");
}

/* A port that is free for UDP and for TCP, from wanted on, on the first n of any. */
static int find_turn_port(const struct addr *any, size_t n, uint16_t wanted)
{
    unsigned last = wanted + TURN_PORTS_TRIED - 1u;
    int port = wanted;

    for (;;) {
        int tcp;

        port = port_find(any, n, SOCK_DGRAM, (uint16_t) port, last - (unsigned) port + 1);
        if (port < 0)
            return port;
        tcp = port_find(any, n, SOCK_STREAM, (uint16_t) port, last - (unsigned) port + 1);
        if (tcp == port || tcp < 0)
            return tcp;
        port = tcp;
    }
}

static int choose_turn_port(struct dev *d)
{
    static const char *const kinds[] = {"udp:0.0.0.0", "tcp:0.0.0.0", "udp:[::]", "tcp:[::]"};
    struct addr any[2] = {{.family = AF_INET}, {.family = AF_INET6}};
    uint16_t wanted = (uint16_t) settings_int(d->settings, SET_COTURN_PORT);
    size_t n = port_check(&any[1], SOCK_DGRAM) == 0 ? 2 : 1;
    int port = find_turn_port(any, n, wanted);

    if (port == -EADDRINUSE)
        fprintf(stderr, "visavis dev: ports %u to %u are all taken; set COTURN_PORT\n", wanted,
                wanted + TURN_PORTS_TRIED - 1 < UINT16_MAX ? wanted + TURN_PORTS_TRIED - 1
                                                           : UINT16_MAX);
    else if (port < 0)
        fprintf(stderr, "visavis dev: cannot use port %u for TURN: %s; set COTURN_PORT\n", wanted,
                strerror(-port));
    if (port < 0)
        return port;
    if (port != wanted)
        log_notice("port %u is taken, TURN uses %d", wanted, port);
    d->places.turn_port = (uint16_t) port;
    for (size_t i = 0; i < 2 * n; i++) {
        snprintf(d->turn_text[i], LISTEN_TEXT, "%s:%d", kinds[i], port);
        d->places.turn_listen[i] = d->turn_text[i];
    }
    return 0;
}

static void put_listen(struct dev *d, size_t which, uint16_t port, const char **ret_list)
{
    for (size_t i = 0; i < d->n_listen; i++) {
        struct addr a = d->listen[i];
        char text[ADDR_TEXT_SIZE];

        a.port = port;
        snprintf(d->listen_text[which][i], LISTEN_TEXT, "tcp:%s", addr_format(&a, text));
        ret_list[i] = d->listen_text[which][i];
    }
}

/* The host in the URLs that people and clients are told: DOMAIN_OR_PUBLIC_IP, or its default,
 * localhost, where something listens there; else the first address of --listen. */
static void choose_host(struct dev *d)
{
    const char *given = getenv(setting_def(SET_DOMAIN_OR_PUBLIC_IP)->key);
    bool reachable = given && *given;
    char text[ADDR_TEXT_SIZE];

    for (size_t i = 0; i < d->n_listen; i++)
        reachable |= addr_is_loopback(&d->listen[i]) || addr_is_unspecified(&d->listen[i]);
    snprintf(d->host, sizeof(d->host), "%s",
             reachable ? settings_text(d->settings, SET_DOMAIN_OR_PUBLIC_IP)
                       : addr_format_ip(&d->listen[0], text));
}

/* A host in a URL: IPv6 addresses stand in brackets. */
static void format_url(char *buf, size_t cap, const char *host, int64_t port)
{
    bool brackets = strchr(host, ':') != NULL;

    snprintf(buf, cap, "http://%s%s%s:%lld", brackets ? "[" : "", host, brackets ? "]" : "",
             (long long) port);
}

static int lay_out(struct dev *d)
{
    int64_t api = settings_int(d->settings, SET_HTTPS_PORT);
    int64_t call = settings_int(d->settings, SET_CALL_PORT);
    const char *given_secret = settings_text(d->settings, SET_COTURN_SHARED_SECRET_KEY);
    char first[ADDR_TEXT_SIZE];
    int r;

    default_listen(d);
    r = check_http_port(d, SET_HTTPS_PORT);
    if (r == 0)
        r = check_http_port(d, SET_CALL_PORT);
    if (r == 0)
        r = choose_turn_port(d);
    if (r < 0)
        return r;
    choose_turn_ip(d);
    put_listen(d, 0, (uint16_t) api, d->places.signaling_listen);
    put_listen(d, 1, (uint16_t) call, d->places.call_listen);
    choose_host(d);
    format_url(d->public_url, sizeof(d->public_url), d->host, api);
    format_url(d->openvidu_url, sizeof(d->openvidu_url), addr_format_ip(&d->listen[0], first), api);
    if (program_find_pages("call", d->pages) < 0) {
        fprintf(stderr,
                "visavis dev: the pages of Call are missing or may not be read; build them with "
                "`make`\n");
        return -ENOENT;
    }
    rnd_alnum(d->turn_secret, TURN_SECRET_LEN);
    r = workdir_make(&d->dir);
    if (r < 0) {
        fprintf(
            stderr,
            "visavis dev: cannot make a folder for this run in XDG_RUNTIME_DIR, TMPDIR or /tmp: "
            "%s\n"
            "  Choose a folder of yours, with a path of at most %zu characters: TMPDIR=... "
            "visavis dev\n",
            strerror(-r), WORKDIR_PATH_SIZE - sizeof("/visavis-dev-XXXXXX"));
        return r;
    }
    snprintf(d->control, sizeof(d->control), "%s/media.sock", d->dir.path);
    snprintf(d->turn_api, sizeof(d->turn_api), "%s/turn.sock", d->dir.path);
    d->places.public_url = d->public_url;
    d->places.openvidu_url = d->openvidu_url;
    d->places.control_socket = d->control;
    d->places.turn_api = d->turn_api;
    d->places.call_pages = d->pages;
    if (program_find_pages("dashboard", d->dashboard) == 0)
        d->places.dashboard_pages = d->dashboard;
    d->places.turn_secret = *given_secret ? given_secret : d->turn_secret;
    d->places.turn_ip = d->turn_ip;
    d->places.media_port_search = true;
    return 0;
}

static int write_configs(struct dev *d)
{
    for (size_t i = 0; i < N_DAEMONS; i++) {
        char text[CONFIG_MAX];
        struct wr w = wr_init(text, sizeof(text));
        size_t len;
        int r;

        daemons[i].render(&w, d->settings, &d->places);
        r = wr_finish(&w, &len);
        if (r == 0)
            r = workdir_write(&d->dir, daemons[i].config, bytes_of(text, len));
        secret_wipe(text, sizeof(text));
        if (r < 0) {
            fprintf(stderr, "visavis dev: cannot write %s: %s\n", daemons[i].config, strerror(-r));
            return r;
        }
    }
    return 0;
}

/* ---- running ---- */

static int start(struct dev *d, size_t i)
{
    char program[PATH_MAX], config[PATH_MAX];
    char option[] = "--config";
    char *argv[] = {program, option, config, NULL};
    struct supervisor_program p = {.name = daemons[i].program, .argv = argv};
    int r = program_find(daemons[i].program, program);

    snprintf(config, sizeof(config), "%s/%s", d->dir.path, daemons[i].config);
    if (r == 0)
        r = supervisor_start(d->supervisor, &p);
    if (r < 0)
        fprintf(stderr, "visavis dev: cannot start %s: %s\n", daemons[i].program, strerror(-r));
    return r;
}

/* The first reason is the one that counts. */
static void stop(struct dev *d, int status)
{
    if (!d->stopping)
        d->status = status;
    d->stopping = true;
    supervisor_stop(d->supervisor, STOP_GRACE_MS);
}

static void print_ready(const struct dev *d)
{
    char call_url[300];

    format_url(call_url, sizeof(call_url), d->host, settings_int(d->settings, SET_CALL_PORT));
    printf("\n"
           "Visavis is ready.\n"
           "\n"
           "  Call     %s\n"
           "  API      %s\n"
           "  User     OPENVIDUAPP\n"
           "  Secret   %s\n"
           "\n"
           "Ctrl+C stops it. For development only: plain HTTP, and nothing is kept.\n"
           "\n",
           call_url, d->public_url, settings_text(d->settings, SET_OPENVIDU_SECRET));
    if (fflush(stdout) != 0)
        clearerr(stdout); /* it runs whether somebody reads this or not */
}

static void on_ready(const char *name, void *arg)
{
    struct dev *d = arg;

    if (strcmp(name, daemons[0].program) == 0) {
        for (size_t i = 1; i < N_DAEMONS; i++) {
            if (start(d, i) < 0) {
                stop(d, CMD_FAILED);
                return;
            }
        }
    } else if (supervisor_all_ready(d->supervisor) && !d->told_ready) {
        d->told_ready = true;
        print_ready(d);
    }
}

static void on_died(const char *name, const char *how, void *arg)
{
    struct dev *d = arg;

    fprintf(stderr,
            "visavis dev: %s ended by itself (%s); its last lines above say why. Stopping.\n", name,
            how);
    stop(d, CMD_FAILED);
}

static void on_stopped(void *arg)
{
    struct dev *d = arg;

    loop_quit(d->loop, 0);
}

static void on_signal(struct loop *l, int signo, void *arg)
{
    (void) l;
    (void) signo;
    stop(arg, CMD_OK);
}

static bool is_ignored(int signo)
{
    struct sigaction now;

    return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* From here on a signal waits for the loop, so that none can end us before the folder with its
 * secrets is removed. nohup's wish is kept; SIGINT is ignored in every script's background jobs. */
static int take_signals(struct dev *d)
{
    int r = loop_new(&d->loop);

    if (r == 0 && signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        r = -errno;
    if (r == 0)
        r = loop_signal_add(d->loop, SIGINT, on_signal, d);
    if (r == 0)
        r = loop_signal_add(d->loop, SIGTERM, on_signal, d);
    if (r == 0 && !is_ignored(SIGHUP))
        r = loop_signal_add(d->loop, SIGHUP, on_signal, d);
    if (r < 0)
        fprintf(stderr, "visavis dev: cannot start: %s\n", strerror(-r));
    return r;
}

static int run(struct dev *d)
{
    static const struct supervisor_handlers handlers = {on_ready, on_died, on_stopped};
    int r = supervisor_new(d->loop, d->dir.path, &handlers, d, &d->supervisor);

    if (r < 0) {
        fprintf(stderr, "visavis dev: cannot start: %s\n", strerror(-r));
        return CMD_FAILED;
    }
    if (start(d, 0) < 0)
        return CMD_FAILED;
    r = loop_run(d->loop);
    return r < 0 ? CMD_FAILED : d->status;
}

static int dev(const struct cmd_call *call)
{
    struct dev d = {0};
    int status;

    if (cmd_has(call, "settings")) {
        print_settings();
        return CMD_OK;
    }
    status = parse_options(call, &d);
    if (status != CMD_OK)
        return status;
    log_init("visavis", LOG_LEVEL_INFO);
    warn_about_near_misses();
    if (settings_load(SETTINGS_DEV, from_environment, NULL, tell_problem, NULL, &d.settings) < 0)
        return CMD_USAGE;
    if (take_signals(&d) < 0 || lay_out(&d) < 0 || write_configs(&d) < 0)
        status = CMD_FAILED;
    else
        status = run(&d);
    supervisor_free(d.supervisor);
    loop_free(d.loop);
    workdir_remove(&d.dir);
    secret_wipe(d.turn_secret, sizeof(d.turn_secret));
    settings_free(d.settings);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "listen",
     .arg = "ADDRESS",
     .help = "IP address on which the API and Call listen; may be repeated "
             "(default: 127.0.0.1 and ::1)"},
    {.name = "settings", .help = "list the settings that the environment may have, and end"},
    {0},
};

const struct cmd cmd_dev = {
    .name = "dev",
    .fn = dev,
    .help = "run everything here in the foreground, on plain HTTP, to develop against",
    .doc =
        "Runs signaling, media, TURN and Call until Ctrl+C. Needs no root and no network; keeps\n"
        "nothing. Settings come from the environment: OPENVIDU_SECRET=another visavis dev",
    .options = options,
    .no_json = true,
};
