/* site_rules.h: who may go where: the routes of the site, and the lists that guard them. The same
 * for nginx and for every other web server. Pure. */
#pragma once

#include "nginx/nginx.h"

enum site_guard {
    GUARD_NONE,
    GUARD_DASHBOARD, /* ALLOWED_ACCESS_TO_DASHBOARD */
    GUARD_RESTAPI,   /* ALLOWED_ACCESS_TO_RESTAPI */
    N_GUARDS
};

enum site_target {
    TARGET_SIGNALING,
    TARGET_WEBSOCKET, /* of signaling: stays open for long */
    TARGET_LAYOUTS,   /* static files */
};

/* What is below no route is Call's; a path that ends in "/openvidu" is the WebSocket of RPC. */
struct site_route {
    const char *path; /* itself and what is below it */
    enum site_target target;
    enum site_guard guard;
    bool rest;       /* programs call it: faults are told in JSON */
    bool deprecated; /* with SUPPORT_DEPRECATED_API */
};

/* Ended by an empty one. */
extern const struct site_route site_routes[];

bool site_has_route(const struct settings *s, const struct site_route *r);

struct site_guards {
    struct allow_list lists[N_GUARDS]; /* empty: everybody */
};

/* A list that the settings give gets the addresses that belong there by themselves: loopback, this
 * machine's networks, its public address. The dashboard's goes into the REST API's, if there is one
 * at all. */
void site_guards(const struct settings *s, const struct nginx_facts *f, struct site_guards *ret);
