/* The units, and what they stand on. */
#include "doctor/check.h"

#include "files/files.h"
#include "host/facts.h"
#include "host/paths.h"
#include "nginx/nginx.h"
#include "units/services.h"
#include "units/units.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RESTARTS_MANY 3
#define REDIS_MS 1000
#define MARK_MAX 4096

static bool is_external(const struct check_context *x)
{
    return strcmp(settings_text(x->settings, SET_PROXY), "external") == 0;
}

static bool is_wanted(const struct check_context *x, const struct service *s)
{
    if (strcmp(s->word, "call") == 0)
        return strcmp(settings_text(x->settings, SET_CALL_APP), "off") != 0;
    if (strcmp(s->word, "redis") == 0)
        return !*settings_text(x->settings, SET_REDIS_URL);
    if (strcmp(s->word, "nginx") == 0)
        return !is_external(x);
    return true;
}

/* ---- processes ---- */

static bool is_daemon(const char *pid)
{
    static const char *const names[] = {"visavis-signali", "visavis-media", "visavis-turn",
                                        "visavis-call"}; /* the kernel keeps 15 characters */
    char path[64], *text;
    size_t len;
    bool is = false;

    snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
    if (fact_text(path, 256, &text, &len) < 0)
        return false;
    text[strcspn(text, "\n")] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        is |= strcmp(text, names[i]) == 0;
    free(text);
    return is;
}

static void check_running(struct check_context *x)
{
    DIR *dir = opendir("/proc");
    struct dirent *e;
    bool any = false;

    while (dir && !any && (e = readdir(dir)))
        any = e->d_name[0] >= '1' && e->d_name[0] <= '9' && is_daemon(e->d_name);
    if (dir)
        closedir(dir);
    if (any)
        return;
    found(x, SEVERITY_FAILURE, "No daemon of Visavis runs: nothing is served.");
    found_command(x, "visavis start");
}

/* ---- units ---- */

static struct units *open_units(struct check_context *x)
{
    struct units *u = NULL;

    if (units_available() && units_open(&u) == 0)
        return u;
    found(x, SEVERITY_UNKNOWN, "There is no systemd to ask.");
    return NULL;
}

static void tell_unit(struct check_context *x, const struct service *s, const struct unit_state *st)
{
    if (!st->loaded) {
        found(x, SEVERITY_FAILURE, "%s (%s) is not installed, or masked.", s->unit, s->role);
        found_command(x, "systemctl unmask %s && systemctl start %s", s->unit, s->unit);
    } else if (strcmp(st->active, "failed") == 0) {
        found(x, SEVERITY_FAILURE, "%s (%s) has failed: %s%s%s.", s->unit, s->role, st->result,
              st->status_text[0] ? "; it said: " : "", st->status_text);
        found_command(x, "visavis logs %s", s->word);
    } else if (strcmp(st->sub, "auto-restart") == 0) {
        found(x, SEVERITY_FAILURE, "%s (%s) ends again and again (exit status %d, %u restarts).",
              s->unit, s->role, st->exit_status, st->n_restarts);
        found_command(x, "visavis logs %s", s->word);
    } else if (!s->at_times && strcmp(st->active, "inactive") == 0) {
        found(x, SEVERITY_FAILURE, "%s (%s) does not run.", s->unit, s->role);
        found_command(x, "%s", s->shared ? "systemctl start nginx" : "visavis start");
    } else if (st->n_restarts > RESTARTS_MANY) {
        found(x, SEVERITY_WARNING, "%s (%s) was restarted %u times since it was started.", s->unit,
              s->role, st->n_restarts);
        found_command(x, "visavis logs %s", s->word);
    }
}

static void check_units(struct check_context *x)
{
    struct units *u = open_units(x);

    for (const struct service *s = services; u && s->word; s++) {
        struct unit_state st;

        if (!is_wanted(x, s))
            continue;
        if (units_state(u, s->unit, &st) < 0)
            found(x, SEVERITY_UNKNOWN, "systemd does not answer about %s.", s->unit);
        else
            tell_unit(x, s, &st);
    }
    units_close(u);
}

static void check_enabled(struct check_context *x)
{
    const char *const names[] = {TARGET_UNIT, is_external(x) ? NULL : "nginx.service"};
    struct units *u = open_units(x);

    for (size_t i = 0; u && i < 2; i++) {
        struct unit_state st;

        if (!names[i] || units_state(u, names[i], &st) < 0 || !st.loaded || st.enabled)
            continue;
        found(x, SEVERITY_WARNING, "%s is not enabled: after a reboot nothing is served.",
              names[i]);
        found_command(x, "systemctl enable %s", names[i]);
    }
    units_close(u);
}

/* Marks of units that gave up; their text says why. */
static void check_degraded(struct check_context *x)
{
    char folder[PATH_MAX], path[PATH_MAX + 256];
    DIR *dir = opendir(path_join(folder, PATH_RUN, "degraded"));
    struct dirent *e;

    while (dir && (e = readdir(dir))) {
        char *text = NULL;
        size_t len = 0;

        /* The one of the settings is not tried again, and told of as a unit. */
        if (e->d_name[0] == '.' || strcmp(e->d_name, SETUP_UNIT) == 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (file_read(path, MARK_MAX, &text, &len) < 0)
            text = NULL;
        found(x, SEVERITY_FAILURE, "%s is degraded, and is tried again each minute%s%.*s.",
              e->d_name, text && len ? ": " : "", text ? (int) strcspn(text, "\n") : 0,
              text ? text : "");
        found_command(x, "journalctl -u %s", e->d_name);
        free(text);
    }
    if (dir)
        closedir(dir);
}

/* ---- Redis ---- */

/* What it answers to PING, or NULL. */
static const char *ping(int fd, char *buf, size_t size)
{
    static const char request[] = "PING\r\n";
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n;

    if (write(fd, request, sizeof(request) - 1) < 0 || poll(&p, 1, REDIS_MS) <= 0)
        return NULL;
    n = read(fd, buf, size - 1);
    if (n <= 0)
        return NULL;
    buf[n] = '\0';
    buf[strcspn(buf, "\r\n")] = '\0';
    return buf;
}

static void check_redis(struct check_context *x)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    char path[PATH_MAX], buf[256];
    const char *answer = NULL;
    int fd;

    if (*settings_text(x->settings, SET_REDIS_URL))
        return; /* another machine's */
    path_join(path, PATH_RUN, "redis/redis.sock");
    if (strlen(path) >= sizeof(sa.sun_path)) {
        found(x, SEVERITY_UNKNOWN, "The path %s is too long for a socket.", path);
        return;
    }
    memcpy(sa.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *) &sa, sizeof(sa)) == 0)
        answer = ping(fd, buf, sizeof(buf));
    else if (errno == EACCES)
        found(x, SEVERITY_UNKNOWN, "You may not reach %s.", path);
    else
        found(x, SEVERITY_FAILURE,
              "Redis does not answer at %s (%s): sessions do not survive a "
              "restart.",
              path, strerror(errno));
    if (x->n_findings == 0 && (!answer || strcmp(answer, "+PONG") != 0))
        found(x, SEVERITY_FAILURE, "Redis does not work: it answers \"%s\".",
              answer ? answer : "nothing");
    if (x->n_findings > 0)
        found_command(x, "visavis logs redis");
    if (fd >= 0)
        close(fd);
}

/* ---- nginx ---- */

static void check_nginx(struct check_context *x)
{
    struct nginx_facts f;
    enum proxy_layout layout;
    char why[512];

    if (is_external(x))
        return;
    if (nginx_look(x->settings, &f) < 0) {
        found(x, SEVERITY_UNKNOWN, "nginx cannot be looked at.");
        return;
    }
    if (!f.installed && x->preflight)
        return; /* comes with the package */
    if (!f.installed) {
        found(x, SEVERITY_FAILURE, "nginx is not installed: nobody can be served.");
        found_command(x, "apt install nginx libnginx-mod-stream");
        return;
    }
    if (f.broken[0]) {
        found(x, SEVERITY_FAILURE,
              "The configuration of nginx is wrong in a file that is not of Visavis: it cannot be "
              "restarted or reloaded. It says: %.300s",
              f.broken);
        found_command(x, "nginx -t");
        return;
    }
    if (nginx_choose(x->settings, &f, &layout, why, sizeof(why)) < 0) {
        found(x, SEVERITY_FAILURE, "%s", why);
        found_command(x, "visavis config show PROXY");
        return;
    }
    if (nginx_advise_connections(x->settings, &f, layout, why, sizeof(why)))
        found(x, SEVERITY_NOTE, "%s", why);
}

static const struct check checks[] = {
    {.id = "services.running",
     .title = "does the server run at all",
     .fn = check_running,
     .flags = CHECK_INSTALLED,
     .needs = "config.applied"},
    {.id = "services.units",
     .title = "do all services run, without restarts",
     .fn = check_units,
     .flags = CHECK_INSTALLED,
     .needs = "services.running"},
    {.id = "services.enabled",
     .title = "will they run after a reboot",
     .fn = check_enabled,
     .flags = CHECK_INSTALLED},
    {.id = "services.degraded",
     .title = "has one given up and is tried again now and then",
     .fn = check_degraded,
     .flags = CHECK_INSTALLED},
    {.id = "services.redis",
     .title = "does Redis answer",
     .fn = check_redis,
     .flags = CHECK_INSTALLED | CHECK_ROOT,
     .needs = "services.running"},
    {.id = "services.nginx",
     .title = "is nginx's configuration whole, other sites' included",
     .fn = check_nginx,
     .flags = CHECK_ALWAYS | CHECK_ROOT,
     .timeout_ms = 10000},
    {.id = NULL},
};

const struct check_group group_services = {"services", checks};
