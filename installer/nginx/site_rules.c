#include "nginx/site_rules.h"

#include <string.h>

const struct site_route site_routes[] = {
    {.path = "/dashboard", .guard = GUARD_DASHBOARD},
    {.path = "/openvidu/info", .target = TARGET_WEBSOCKET, .guard = GUARD_DASHBOARD},
    {.path = "/openvidu/api", .guard = GUARD_RESTAPI, .rest = true},
    {.path = "/openvidu/cdr", .guard = GUARD_RESTAPI, .rest = true},
    {.path = "/openvidu/recordings"},
    {.path = "/openvidu/layouts", .target = TARGET_LAYOUTS},
    {.path = "/openvidu/accept-certificate"},
    {.path = "/info", .target = TARGET_WEBSOCKET, .guard = GUARD_DASHBOARD, .deprecated = true},
    {.path = "/api", .guard = GUARD_RESTAPI, .rest = true, .deprecated = true},
    {.path = "/config", .guard = GUARD_RESTAPI, .rest = true, .deprecated = true},
    {.path = "/cdr", .guard = GUARD_RESTAPI, .rest = true, .deprecated = true},
    {.path = "/recordings", .deprecated = true},
    {.path = "/layouts/custom", .target = TARGET_LAYOUTS, .deprecated = true},
    {.path = "/accept-certificate", .deprecated = true},
    {.path = NULL},
};

bool site_has_route(const struct settings *s, const struct site_route *r)
{
    return !r->deprecated || settings_bool(s, SET_SUPPORT_DEPRECATED_API);
}

static void add_automatic(struct allow_list *l, const struct nginx_facts *f)
{
    static const char *const loopback[] = {"127.0.0.1", "::1"};
    struct allow_net net;

    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
        if (allow_net_parse(bytes_str(loopback[i]), &net) == 0)
            (void) allow_list_add(l, &net);
    for (size_t i = 0; i < f->n_networks; i++)
        (void) allow_list_add(l, &f->networks[i]);
    if (f->public_ip.family) {
        net = allow_net_of(&f->public_ip, (unsigned) addr_ip_len(&f->public_ip) * 8);
        (void) allow_list_add(l, &net);
    }
}

static void add_items(struct allow_list *l, const struct settings *s, enum setting id)
{
    const char *item;
    struct allow_net net;

    for (size_t i = 0; (item = settings_item(s, id, i)); i++)
        if (allow_net_parse(bytes_str(item), &net) == 0)
            (void) allow_list_add(l, &net);
}

void site_guards(const struct settings *s, const struct nginx_facts *f, struct site_guards *ret)
{
    memset(ret, 0, sizeof(*ret));
    /* The automatic ones first: a list that is full lacks what the operator added last, which
     * shows, and not the machine itself. */
    if (settings_n(s, SET_ALLOWED_ACCESS_TO_DASHBOARD) > 0) {
        add_automatic(&ret->lists[GUARD_DASHBOARD], f);
        add_items(&ret->lists[GUARD_DASHBOARD], s, SET_ALLOWED_ACCESS_TO_DASHBOARD);
    }
    if (settings_n(s, SET_ALLOWED_ACCESS_TO_RESTAPI) > 0) {
        add_automatic(&ret->lists[GUARD_RESTAPI], f);
        add_items(&ret->lists[GUARD_RESTAPI], s, SET_ALLOWED_ACCESS_TO_RESTAPI);
        add_items(&ret->lists[GUARD_RESTAPI], s, SET_ALLOWED_ACCESS_TO_DASHBOARD);
    }
}
