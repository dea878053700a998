#include "installer/site_rules.h"

#include "installer/paths.h"

#include <stdio.h>
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

void site_guards(const struct settings *s, const struct nginx_facts *f, struct site_guards *ret)
{
    const char *dashboard = settings_text(s, SET_ALLOWED_ACCESS_TO_DASHBOARD);
    const char *restapi = settings_text(s, SET_ALLOWED_ACCESS_TO_RESTAPI);

    memset(ret, 0, sizeof(*ret));
    /* The automatic ones first: a list that is full lacks what the operator added last, which
     * shows, and not the machine itself. What is wrong in a list the settings have told. */
    if (*dashboard) {
        add_automatic(&ret->lists[GUARD_DASHBOARD], f);
        (void) allow_list_parse(&ret->lists[GUARD_DASHBOARD], dashboard, NULL);
    }
    if (*restapi) {
        add_automatic(&ret->lists[GUARD_RESTAPI], f);
        (void) allow_list_parse(&ret->lists[GUARD_RESTAPI], restapi, NULL);
        (void) allow_list_parse(&ret->lists[GUARD_RESTAPI], dashboard, NULL);
    }
}

static const char *folder(const char *text, const char *original, enum path ours,
                          char buf[static PATH_MAX])
{
    size_t len = strlen(text);

    while (len > 1 && text[len - 1] == '/')
        len--;
    if (len == 0 || (len == strlen(original) && strncmp(text, original, len) == 0))
        snprintf(buf, PATH_MAX, "%s", path_of(ours));
    else
        snprintf(buf, PATH_MAX, "%.*s", (int) len, text);
    return buf;
}

const char *site_layouts_dir(const struct settings *s, char buf[static PATH_MAX])
{
    return folder(settings_text(s, SET_RECORDING_CUSTOM_LAYOUT), "/opt/openvidu/custom-layout",
                  PATH_LAYOUTS, buf);
}

const char *site_recordings_dir(const struct settings *s, char buf[static PATH_MAX])
{
    return folder(settings_text(s, SET_RECORDING_PATH), "/opt/openvidu/recordings", PATH_RECORDINGS,
                  buf);
}
