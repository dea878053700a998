/* plan.h: what a change of the configuration means for the units. Pure: it looks at what is wanted
 * and what was applied last, not at what runs. */
#pragma once

#include "settings/settings.h"

enum plan_part {
    PLAN_REDIS,
    PLAN_MEDIA,
    PLAN_TURN,
    PLAN_SIGNALING,
    PLAN_CALL,
    PLAN_NGINX,
    N_PLAN_PARTS
};

enum plan_action {
    PLAN_NOTHING,
    PLAN_RELOAD,  /* takes the new configuration while it runs */
    PLAN_RESTART, /* its sockets too when their units have changed */
    PLAN_START,   /* was not wanted before */
    PLAN_STOP,    /* is not wanted any more; its sockets first */
};

/* Of one part. */
struct plan_change {
    bool wanted, had;    /* in the new configuration, in the one applied last */
    bool differs;        /* a file of it does */
    bool unexplained;    /* it would differ with the settings of then, too: a newer version, another
                            network */
    bool unit_differs;   /* a drop-in of its service */
    bool sockets_differ; /* of its sockets */
    bool lost;           /* what it was told last is not known */
};

struct plan_input {
    struct plan_change parts[N_PLAN_PARTS];
    unsigned reloads, restarts; /* settings_changes(), those by a decision included */
    bool nginx_pending;         /* it has not taken notice of something before */
    bool certificate_pending;   /* those who serve the certificate have perhaps not read it */
};

struct plan_step {
    enum plan_action action;
    bool sockets; /* those are restarted, started or stopped with it */
};

struct plan {
    struct plan_step steps[N_PLAN_PARTS];
    bool reload_manager;
};

void plan_make(const struct plan_input *in, struct plan *ret);

bool plan_is_empty(const struct plan *p);

/* Of a part: "signaling", its service, its sockets (ended by NULL), and its bit in the masks. */
const char *plan_part_name(enum plan_part part);
const char *plan_service(enum plan_part part);
const char *const *plan_sockets(enum plan_part part);
enum setting_consumer plan_consumer(enum plan_part part);

/* "reload" */
const char *plan_action_name(enum plan_action action);
