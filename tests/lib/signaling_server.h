/* signaling_server.h: what a load of signaling is put on, as a child process that listens on a Unix
 * socket: visavis-signaling, with a media daemon's end of the control link played by this process;
 * or the least that such a server can cost (signaling_floor.h). */
#pragma once

#include "loop/loop.h"
#include "tests/lib/child.h"
#include "tests/lib/signaling_floor.h"

struct signaling_server;

#define SIGNALING_REDIS "/usr/bin/redis-server"

/* The daemon, ready for joins. settings: lines of its configuration. stored: with a Redis server of
 * its own, which is another child process. */
int signaling_server_new(struct loop *l, const char *settings, bool stored,
                         struct signaling_server **ret);

int signaling_server_new_floor(struct loop *l, const struct signaling_floor *floor,
                               struct signaling_server **ret);

/* SIGTERM, and how it ends: see child_stop(). */
int signaling_server_stop(struct signaling_server *s);

/* NULL is fine; returns NULL. */
struct signaling_server *signaling_server_free(struct signaling_server *s);

const struct child *signaling_server_child(const struct signaling_server *s);

/* NULL without one. */
const struct child *signaling_server_redis(const struct signaling_server *s);

/* The path of its socket. */
const char *signaling_server_api(const struct signaling_server *s);
