/* Who has the ports that the server needs. */
#include "doctor/check.h"

#include "doctor/needed_ports.h"

#include <stdio.h>

static const char *protocol(int type)
{
    return type == SOCK_STREAM ? "TCP" : "UDP";
}

/* How the holder is sent away, or how to do without the port. */
static void tell_way_out(struct check_context *x, const struct needed_port *n,
                         const struct listener *l)
{
    const char *suffix = strrchr(l->unit, '.');
    char other[200] = "";

    if (n->web)
        snprintf(other, sizeof(other),
                 "Or set %s to another port in /etc/visavis/.env, or PROXY=external to put that "
                 "web server in front of Visavis.",
                 n->key);
    else if (n->key)
        snprintf(other, sizeof(other), "Or set %s to another port in /etc/visavis/.env.", n->key);
    else
        snprintf(other, sizeof(other),
                 "Or set CALL_APP=off in /etc/visavis/.env if that is your "
                 "own application.");
    found_detail(x, "%s", other);
    if (suffix && (strcmp(suffix, ".service") == 0 || strcmp(suffix, ".socket") == 0))
        found_command(x, "systemctl disable --now %s", l->unit);
    else if (strcmp(l->unit, "a container") == 0)
        found_command(x, "docker ps --format '{{.Names}} {{.Ports}}'");
    else if (l->pid > 1)
        found_command(x, "kill %d", (int) l->pid);
}

static bool is_taken(const struct listeners *all, const struct needed_port *n, uint16_t port,
                     const struct listener **ret)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct listener *l = &all->list[i];
        struct addr any = {.family = l->addr.family, .port = port};

        if (!listener_blocks(l, &any, n->type) || needed_port_is_ours(n, l))
            continue;
        /* A loopback address of another's is not in the way of ours on the other loopback one, but
         * those who ask there would get the wrong answers. */
        *ret = l;
        return true;
    }
    return false;
}

static void check_taken(struct check_context *x)
{
    struct needed_port needed[NEEDED_PORTS_MAX];
    size_t n = needed_ports(x->settings, needed);
    struct listeners all;
    pid_t told_of = -1;
    uint16_t told_port = 0;

    if (listeners_read(&all) < 0) {
        found(x, SEVERITY_UNKNOWN, "/proc/net cannot be read.");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        for (unsigned port = needed[i].first; port <= needed[i].last; port++) {
            const struct listener *l;
            char who[512];

            if (!is_taken(&all, &needed[i], (uint16_t) port, &l))
                continue;
            if (told_port == port && told_of == l->pid)
                continue; /* the same on the other protocol */
            told_port = (uint16_t) port;
            told_of = l->pid;
            if (!l->pid) {
                found(x, SEVERITY_UNKNOWN, "%s port %u is in use, and only root can see by whom.",
                      protocol(needed[i].type), port);
                continue;
            }
            found(x, SEVERITY_FAILURE, "%s port %u is held by %s: %s needs it, so that %s.",
                  protocol(needed[i].type), port, listener_describe(l, who, sizeof(who)),
                  needed[i].program, needed[i].what);
            tell_way_out(x, &needed[i], l);
        }
    }
    listeners_done(&all);
}

static bool somebody_listens(const struct listeners *all, const struct needed_port *n)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->list[i].type == n->type && all->list[i].addr.port == n->first)
            return true;
    return false;
}

static void check_silent(struct check_context *x)
{
    struct needed_port needed[NEEDED_PORTS_MAX];
    size_t n = needed_ports(x->in_force ? x->in_force : x->settings, needed);
    struct listeners all;

    if (x->origin == ORIGIN_GUESSED) {
        found(x, SEVERITY_UNKNOWN, "Which ports they should be is not yours to read.");
        return;
    }
    if (listeners_read(&all) < 0) {
        found(x, SEVERITY_UNKNOWN, "/proc/net cannot be read.");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (needed[i].web || !needed[i].listened || somebody_listens(&all, &needed[i]))
            continue;
        found(x, SEVERITY_FAILURE, "Nobody listens on %s port %u, where %s should: %s there.",
              protocol(needed[i].type), needed[i].first, needed[i].program, needed[i].what);
        found_command(x, "visavis restart");
    }
    listeners_done(&all);
}

static void check_relay(struct check_context *x)
{
    int64_t first = settings_int(x->settings, SET_COTURN_MIN_PORT);
    int64_t last = settings_int(x->settings, SET_COTURN_MAX_PORT);
    struct listeners all;
    int64_t taken = 0;

    if (listeners_read(&all) < 0) {
        found(x, SEVERITY_UNKNOWN, "/proc/net cannot be read.");
        return;
    }
    for (size_t i = 0; i < all.n; i++) {
        const struct listener *l = &all.list[i];

        taken += l->type == SOCK_DGRAM && l->addr.port >= first && l->addr.port <= last &&
                 strncmp(l->process, "visavis", strlen("visavis")) != 0;
    }
    listeners_done(&all);
    if (taken * 10 > last - first + 1) {
        found(x, SEVERITY_WARNING,
              "Other programs hold %lld of the %lld relay ports %lld-%lld: TURN soon runs out.",
              (long long) taken, (long long) last - first + 1, (long long) first, (long long) last);
        found_detail(x, "COTURN_MIN_PORT and COTURN_MAX_PORT choose the range.");
    }
}

static const struct check checks[] = {
    {.id = "ports.taken",
     .title = "does another program hold a port that the server needs",
     .fn = check_taken,
     .flags = CHECK_ALWAYS,
     .timeout_ms = 10000},
    {.id = "ports.silent",
     .title = "do the daemons listen on their ports",
     .fn = check_silent,
     .flags = CHECK_INSTALLED,
     .needs = "services.running"},
    {.id = "ports.relay",
     .title = "are most ports of the relay range free",
     .fn = check_relay,
     .flags = CHECK_ALWAYS},
    {.id = NULL},
};

const struct check_group group_ports = {"ports", checks};
