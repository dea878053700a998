#include "apply/plan.h"

#define SOCKETS_MAX 2

static const struct {
    const char *name, *service;
    const char *const sockets[SOCKETS_MAX + 1];
    enum setting_consumer consumer;
} parts[N_PLAN_PARTS] = {
    [PLAN_REDIS] = {"redis", "visavis-redis.service", {NULL}, SETTING_REDIS_OWN},
    [PLAN_MEDIA] = {"media", "visavis-media.service", {"visavis-media.socket"}, SETTING_MEDIA},
    [PLAN_TURN] = {"turn",
                   "visavis-turn.service",
                   {"visavis-turn.socket", "visavis-turn-web.socket"},
                   SETTING_TURN},
    [PLAN_SIGNALING] = {"signaling",
                        "visavis-signaling.service",
                        {"visavis-signaling-proxy.socket", "visavis-signaling.socket"},
                        SETTING_SIGNALING},
    [PLAN_CALL] = {"call", "visavis-call.service", {"visavis-call.socket"}, SETTING_CALL},
    [PLAN_NGINX] = {"nginx", "nginx.service", {NULL}, SETTING_PROXY},
};

/* A file that changed by keys that its reader reloads alone is reloaded. Redis cannot reload. */
static enum plan_action changed(enum plan_part part, const struct plan_change *c,
                                const struct plan_input *in)
{
    unsigned bit = parts[part].consumer;

    if (part == PLAN_REDIS || c->unexplained || (in->restarts & bit) || !(in->reloads & bit))
        return PLAN_RESTART;
    return PLAN_RELOAD;
}

static enum plan_action daemon_action(enum plan_part part, const struct plan_change *c,
                                      const struct plan_input *in)
{
    if (!c->wanted)
        return c->had ? PLAN_STOP : PLAN_NOTHING;
    if (c->lost || c->unit_differs || c->sockets_differ)
        return PLAN_RESTART;
    if (!c->had)
        return PLAN_START;
    if (c->differs)
        return changed(part, c, in);
    return part == PLAN_TURN && in->certificate_pending ? PLAN_RELOAD : PLAN_NOTHING;
}

/* It takes every change while it runs, also that we are gone: other sites stay. */
static enum plan_action nginx_action(const struct plan_change *c, const struct plan_input *in)
{
    bool touched = c->wanted != c->had || c->differs || c->lost || in->nginx_pending ||
                   in->certificate_pending;

    return touched && (c->wanted || c->had) ? PLAN_RELOAD : PLAN_NOTHING;
}

static struct plan_step step(enum plan_part part, const struct plan_input *in)
{
    const struct plan_change *c = &in->parts[part];
    struct plan_step s = {part == PLAN_NGINX ? nginx_action(c, in) : daemon_action(part, c, in),
                          c->sockets_differ};

    s.sockets |= s.action == PLAN_START || s.action == PLAN_STOP;
    return s;
}

void plan_make(const struct plan_input *in, struct plan *ret)
{
    struct plan p = {.reload_manager = false};

    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++) {
        p.steps[i] = step(i, in);
        p.reload_manager |= in->parts[i].unit_differs || in->parts[i].sockets_differ;
    }
    *ret = p;
}

bool plan_is_empty(const struct plan *p)
{
    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++)
        if (p->steps[i].action != PLAN_NOTHING)
            return false;
    return !p->reload_manager;
}

const char *plan_part_name(enum plan_part part)
{
    return parts[part].name;
}

const char *plan_service(enum plan_part part)
{
    return parts[part].service;
}

const char *const *plan_sockets(enum plan_part part)
{
    return parts[part].sockets;
}

enum setting_consumer plan_consumer(enum plan_part part)
{
    return parts[part].consumer;
}

const char *plan_action_name(enum plan_action action)
{
    static const char *const names[] = {
        [PLAN_NOTHING] = "nothing", [PLAN_RELOAD] = "reload", [PLAN_RESTART] = "restart",
        [PLAN_START] = "start",     [PLAN_STOP] = "stop",
    };

    return names[action];
}
