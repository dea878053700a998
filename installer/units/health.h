/* health.h: how well the services are. */
#pragma once

#include "units/services.h"
#include "units/units.h"

#define SERVICES_MAX 16

enum health {
    HEALTH_WELL,
    HEALTH_DEGRADED, /* it serves, but not all of it, or not as .env says */
    HEALTH_DOWN,     /* no calls */
};

struct service_health {
    const struct service *service;
    struct unit_state state;
    const char *word; /* "running", "stopped", "failed", "restarting", "off", ... */
    enum health health;
    char why[400]; /* a sentence's end when it is not well: "failed: exit status 1"; else "" */
};

struct health_report {
    struct service_health services[SERVICES_MAX];
    size_t n;
    bool target_active;
    enum health worst;
};

/* Judges from state; degraded: the line recorded by the unit, or NULL. Pure. */
void health_judge(struct service_health *h, const char *degraded);

/* Looks at all services; with_nginx: it is the web server in front. 0 or what units_state() said.
 */
int health_look(struct units *u, bool with_nginx, struct health_report *ret);

/* "well", "degraded", "down". */
const char *health_name(enum health h);

/* Is something starting, stopping, or about to? */
bool health_is_settled(const struct health_report *r);
