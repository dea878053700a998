#include "acquire/machine.h"

#include "acme/hook.h"
#include "apply/before.h"
#include "apply/plan.h"
#include "host/listeners.h"
#include "host/paths.h"
#include "units/units.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NGINX_WAIT_MS 15000
#define STEP_MS 200

void machine_port(uint16_t port, struct fit_port *ret)
{
    struct addr any = {.family = AF_INET6, .port = port};
    const struct listener *l;
    struct listeners all;

    *ret = (struct fit_port){.taken = false};
    if (listeners_read(&all) < 0)
        return;
    l = listeners_find(&all, &any, SOCK_STREAM);
    if (!l) {
        any.family = AF_INET;
        l = listeners_find(&all, &any, SOCK_STREAM);
    }
    if (l) {
        ret->taken = true;
        ret->nginx = strcmp(l->process, "nginx") == 0;
        listener_describe(l, ret->who, sizeof(ret->who));
    }
    listeners_done(&all);
}

/* ---- nginx' start ---- */

static bool is_about_to_start(struct units *u)
{
    struct unit_state s;

    return units_state(u, plan_service(PLAN_NGINX), &s) == 0 &&
           (s.has_job || strcmp(s.active, "activating") == 0 || strcmp(s.active, "active") == 0);
}

/* Active alone does not mean that it listens there: a reload that adds the port may be under way.
 */
static void wait_for_nginx(uint16_t port, struct fit_port *p)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    struct units *u = NULL;

    if (p->taken || !units_available() || units_open(&u) < 0)
        return;
    for (int ms = 0; ms < NGINX_WAIT_MS && !p->taken && is_about_to_start(u); ms += STEP_MS) {
        nanosleep(&step, NULL);
        machine_port(port, p);
    }
    units_close(u);
}

void machine_revive_nginx(void)
{
    const char *nginx = plan_service(PLAN_NGINX);
    struct unit_state s;
    struct units *u;

    if (!units_available() || units_open(&u) < 0)
        return;
    if (units_state(u, nginx, &s) == 0 && strcmp(s.active, "failed") == 0) {
        (void) units_reset_failed(u, nginx);
        (void) units_enqueue(u, nginx, UNIT_START);
    }
    units_close(u);
}

/* ---- all of it ---- */

/* Functions in a file for dnsapi are read, another script is run. */
static int try_hook(const char *path)
{
    int mode = hook_shape_of(path) == HOOK_DNSAPI ? R_OK : X_OK;

    return !*path || access(path, mode) == 0 ? 0 : -errno;
}

static void look_at_layout(const struct settings *s, struct fit_input *ret)
{
    struct before b;

    before_load(&b);
    ret->layout = b.readable ? b.decided.layout : PROXY_FRONT;
    if (strcmp(settings_text(s, SET_PROXY), "external") == 0)
        ret->layout = PROXY_EXTERNAL;
    ret->in_force = b.readable && ret->layout != PROXY_EXTERNAL;
    before_done(&b);
}

void machine_look(const struct settings *s, struct fit_input *ret)
{
    *ret = (struct fit_input){
        .http_port = (uint16_t) settings_int(s, SET_HTTP_PORT),
        .https_port = (uint16_t) settings_int(s, SET_HTTPS_PORT),
        .hook = settings_text(s, SET_ACME_DNS_HOOK),
        .hook_error = try_hook(settings_text(s, SET_ACME_DNS_HOOK)),
    };
    look_at_layout(s, ret);
    machine_port(ret->http_port, &ret->http);
    machine_port(ret->https_port, &ret->https);
    if (ret->layout != PROXY_EXTERNAL) {
        wait_for_nginx(ret->http_port, &ret->http);
        wait_for_nginx(ret->https_port, &ret->https);
    }
}
