/* janus_server.h: Debian's janus as a child process, with a configuration of its own: the videoroom
 * alone, and its API on a Unix socket in the child's folder (janus_client.h). In a network with
 * NET_HOST (private_net.h): Janus leaves the loopback out.
 *
 * ICE is lite, as our peers check and are not checked. All else that its media depend on is as
 * shipped, but for: */
#pragma once

#include "tests/lib/child.h"
#include "tests/lib/janus_client.h"

#define JANUS_PROGRAM "/usr/bin/janus"

struct janus_config {
    unsigned event_loops; /* 0, as shipped: a thread for each peer */
};

bool janus_is_installed(void);

/* Runs the loop until it answers. -ENOENT: not installed. */
int janus_server_start(struct loop *l, const struct janus_config *config, struct child **ret_c,
                       struct janus_client **ret_client);

/* Both at once, and NULL is fine: Janus that frees rooms while it ends crashes now and then. */
void janus_server_end(struct child *c, struct janus_client *client);
