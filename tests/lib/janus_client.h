/* janus_client.h: Janus's API (JSON in datagrams of a Unix socket) with its videoroom: one session,
 * in it a handle for each peer. Calls run the given loop until they are answered, so call them
 * outside of handlers. */
#pragma once

#include "client/rtc_peer.h"

struct janus_client;

/* An error of connect(2) while Janus does not listen yet. */
int janus_client_new(struct loop *l, const char *path, struct janus_client **ret_c);

/* Its session, rooms and handles end with it. NULL is fine; returns NULL. */
struct janus_client *janus_client_free(struct janus_client *c);

/* Of the call that failed last. */
const char *janus_client_error(const struct janus_client *c);

/* -EREMOTEIO: Janus refused it; so the calls below. */
int janus_client_create_room(struct janus_client *c, unsigned room);

/* Afterwards the peer is under way; the room knows it as that feed. */
int janus_client_publish(struct janus_client *c, unsigned room, unsigned feed, struct rtc_peer *p);

/* A feed can be subscribed to once its publisher is up. */
int janus_client_subscribe(struct janus_client *c, unsigned room, unsigned feed,
                           struct rtc_peer *p);

/* Until Janus has said of all peers that they are up. -ETIMEDOUT. */
int janus_client_wait_up(struct janus_client *c);
