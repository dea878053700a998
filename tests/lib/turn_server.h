/* turn_server.h: a TURN server as a child process: visavis-turn, told by a media daemon of ours
 * which peer is allowed, or Debian's coturn with a configuration of its own. */
#pragma once

#include "base/addr.h"
#include "loop/loop.h"
#include "tests/lib/child.h"

#define TURN_COTURN "/usr/bin/turnserver"

enum turn_server_kind { TURN_SERVER_OURS, TURN_SERVER_COTURN };

struct turn_server_config {
    enum turn_server_kind kind;
    struct addr listen;
    const char *relay_ip; /* where relays are; any port from 1024 on */
    struct addr peer;     /* who may be reached, */
    unsigned more_ports;  /* and there as many ports behind that one */
    unsigned threads;     /* of ours; 0: one */
};

struct turn_server;

/* Ours is ready then; coturn answers soon. The secret and the realm are those of turn_session.h. */
int turn_server_new(struct loop *l, const struct turn_server_config *config,
                    struct turn_server **ret_server);

/* NULL is fine; returns NULL. */
struct turn_server *turn_server_free(struct turn_server *s);

const struct child *turn_server_child(const struct turn_server *s);

/* Ours ends; then its metrics are final. */
int turn_server_stop(struct turn_server *s);

/* Of ours: a line of its metrics file, "visavis_turn_..." with its labels. -ENOENT. */
int turn_server_metric(const struct turn_server *s, const char *name, uint64_t *ret);
