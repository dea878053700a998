/* needed_ports.h: the ports that the server needs with certain settings, and for what. */
#pragma once

#include "host/listeners.h"
#include "settings/settings.h"

#include <stdbool.h>
#include <stdint.h>

struct needed_port {
    uint16_t first, last;
    int type;            /* SOCK_STREAM, SOCK_DGRAM */
    bool from_outside;   /* else from this machine alone */
    bool web;            /* the web server's: may be shared with other sites */
    bool listened;       /* with all daemons up somebody listens on first */
    const char *key;     /* the setting that chooses it; NULL: none does */
    const char *program; /* who binds it */
    const char *what;    /* "visitors reach the site" */
};

#define NEEDED_PORTS_MAX 16

/* How many workers media will have: one per core unless MEDIA_WORKERS says otherwise. */
unsigned media_workers(const struct settings *s);

/* Do clients come to its ports? With MEDIA_ICE=agent it goes out to them from any port, and listens
 * on none for TCP. */
bool media_waits_for_clients(const struct settings *s);

/* Returns how many. */
size_t needed_ports(const struct settings *s, struct needed_port ret[static NEEDED_PORTS_MAX]);

/* Is it who should listen there: a daemon of ours, the web server on its ports, or the service
 * manager for a daemon of ours? */
bool needed_port_is_ours(const struct needed_port *n, const struct listener *l);
