#include "apply/cast.h"

#include "base/log.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/program.h"
#include "nginx/site.h"
#include "units/sockets.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#define CALL_PORT 5442

struct part {
    const char *file; /* of the configuration in force; the part is wanted when it is there */
    const char *program;
    const char *user;
    bool is_silent;
    unsigned watchdog_ms;
};

#define WATCHDOG_MS 30000 /* WatchdogSec= of their units */

static const struct part parts[N_PLAN_PARTS] = {
    [PLAN_REDIS] = {"redis.conf", "redis-server", "visavis-redis", true, 0},
    [PLAN_MEDIA] = {"media.cfg", "visavis-media", "visavis-media", false, WATCHDOG_MS},
    [PLAN_TURN] = {"turn.cfg", "visavis-turn", "visavis-turn", false, WATCHDOG_MS},
    [PLAN_SIGNALING] = {"signaling.cfg", "visavis-signaling", "visavis-signaling", false,
                        WATCHDOG_MS},
    [PLAN_CALL] = {"call.cfg", "visavis-call", "visavis-call", false, WATCHDOG_MS},
    [PLAN_NGINX] = {"nginx-site.conf", "/usr/sbin/nginx", NULL, true, 0},
};

struct sockets {
    int fds[SUPERVISOR_SOCKETS_MAX];
    char names[128]; /* "signaling-proxy:signaling" */
    size_t n;
};

struct cast {
    bool as_installed;
    uint16_t server_port; /* 0: not listening there */
    struct sockets sockets[N_PLAN_PARTS];
};

/* ---- sockets ---- */

static int add_socket(struct sockets *s, const char *name, const char *what, int fd)
{
    size_t len = strlen(s->names);

    if (fd < 0) {
        log_error("cannot listen on %s: %s", what, strerror(-fd));
        return fd;
    }
    snprintf(s->names + len, sizeof(s->names) - len, "%s%s", len ? ":" : "", name);
    s->fds[s->n++] = fd;
    return 0;
}

static int add_unix(struct cast *c, enum plan_part part, const char *name, const char *file,
                    const char *group)
{
    const struct group *g = c->as_installed ? getgrnam(group) : NULL;
    char path[PATH_MAX];

    if (c->as_installed && !g) {
        log_error("there is no group %s; is the package installed?", group);
        return -ENOENT;
    }
    path_join(path, PATH_RUN, file);
    return add_socket(&c->sockets[part], name, path,
                      socket_listen_unix(path, g ? g->gr_gid : (gid_t) -1));
}

/* On both loopback addresses; IPv6's only where the machine has it. */
static int add_loopback(struct cast *c, enum plan_part part, const char *name, uint16_t port)
{
    static const char *const ips[] = {"127.0.0.1", "::1"};
    int r = 0;

    for (size_t i = 0; i < 2 && r == 0; i++) {
        char text[ADDR_TEXT_SIZE];
        struct addr a;
        int fd;

        addr_parse_ip(ips[i], port, &a);
        fd = socket_listen_tcp(&a);
        if (i > 0 && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL))
            break;
        r = add_socket(&c->sockets[part], name, addr_format(&a, text), fd);
    }
    return r;
}

int cast_new(bool as_installed, uint16_t server_port, struct cast **ret)
{
    struct cast *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    c->as_installed = as_installed;
    c->server_port = server_port;
    r = add_unix(c, PLAN_MEDIA, "media", "media.sock", "visavis");
    if (r == 0)
        r = add_unix(c, PLAN_TURN, "turn", "turn.sock", "visavis");
    if (r == 0)
        r = add_unix(c, PLAN_TURN, "turn-web", SITE_TURN_SOCKET, "visavis-proxy");
    if (r == 0)
        r = add_unix(c, PLAN_SIGNALING, "signaling-proxy", "signaling.sock", "visavis-proxy");
    if (r == 0)
        r = add_loopback(c, PLAN_SIGNALING, "signaling", server_port);
    if (r == 0 && cast_is_wanted(PLAN_CALL))
        r = add_loopback(c, PLAN_CALL, "call", CALL_PORT);
    if (r < 0) {
        cast_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

int cast_move(struct cast *c, uint16_t server_port)
{
    struct sockets *s = &c->sockets[PLAN_SIGNALING];
    int r;

    if (c->server_port == server_port)
        return 0;
    while (s->n > 1)
        close(s->fds[--s->n]);
    snprintf(s->names, sizeof(s->names), "signaling-proxy");
    r = add_loopback(c, PLAN_SIGNALING, "signaling", server_port);
    c->server_port = r == 0 ? server_port : 0;
    return r;
}

struct cast *cast_free(struct cast *c)
{
    for (size_t p = 0; c && p < N_PLAN_PARTS; p++)
        for (size_t i = 0; i < c->sockets[p].n; i++)
            close(c->sockets[p].fds[i]);
    free(c);
    return NULL;
}

/* ---- programs ---- */

bool cast_is_wanted(enum plan_part part)
{
    char path[PATH_MAX];

    return file_exists(path_join(path, PATH_CURRENT, parts[part].file));
}

/* Call's port is taken only when there is a Call: it may be wanted later than the start. */
static int prepare_sockets(struct cast *c, enum plan_part part)
{
    if (part != PLAN_CALL || c->sockets[part].n > 0)
        return 0;
    return add_loopback(c, PLAN_CALL, "call", CALL_PORT);
}

/* Where Redis makes its socket: RuntimeDirectory= of its unit. */
static int make_redis_folder(const struct cast *c)
{
    const struct passwd *p = c->as_installed ? getpwnam(parts[PLAN_REDIS].user) : NULL;
    const struct file_access access = {0750, p ? p->pw_uid : FILE_KEEP_OWNER,
                                       p ? p->pw_gid : (gid_t) FILE_KEEP_OWNER};
    char path[PATH_MAX];

    return dir_make(path_join(path, PATH_RUN, "redis"), &access);
}

int cast_start(struct cast *c, enum plan_part part, struct supervisor *s)
{
    static char config_option[] = "--config", global[] = "-g", foreground[] = "daemon off;",
                main_option[] = "-c";
    char program[PATH_MAX], config[PATH_MAX];
    char *argv[] = {program, config_option, config, NULL, NULL, NULL};
    struct supervisor_program p = {
        .name = plan_part_name(part),
        .argv = argv,
        .user = c->as_installed ? parts[part].user : NULL,
        .is_silent = parts[part].is_silent,
        .watchdog_ms = parts[part].watchdog_ms,
    };
    int r = prepare_sockets(c, part);

    if (r == 0 && part == PLAN_REDIS)
        r = make_redis_folder(c);
    path_join(config, PATH_CURRENT, parts[part].file);
    if (r == 0 && parts[part].program[0] == '/')
        snprintf(program, sizeof(program), "%s", parts[part].program);
    else if (r == 0)
        r = program_find(parts[part].program, program);
    if (r < 0)
        return r;
    if (part == PLAN_NGINX) {
        argv[1] = global;
        argv[2] = foreground;
        if (*path_root()) { /* else it knows its own */
            argv[3] = main_option;
            argv[4] = config;
            path_join(config, PATH_NGINX, "nginx.conf");
        }
    } else if (part == PLAN_REDIS) {
        argv[1] = config;
        argv[2] = NULL;
    }
    p.sockets = c->sockets[part].fds;
    p.socket_names = c->sockets[part].names;
    p.n_sockets = c->sockets[part].n;
    return supervisor_start(s, &p);
}
