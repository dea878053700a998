/* media_client.h: the signaling daemon's place on visavis-media's control socket (media_api.h).
 * Calls run the given loop until they are answered, so call them outside of handlers. */
#pragma once

#include "client/rtc_peer.h"

#include <jansson.h>

struct media_client;

/* Connects and says hello. What the daemon notifies goes to fn, which may be NULL; params is
 * borrowed. -ETIMEDOUT when nobody listens. */
typedef void media_notice_fn(const char *method, const json_t *params, void *arg);
int media_client_new(struct loop *l, const char *path, media_notice_fn *fn, void *arg,
                     struct media_client **ret_m);
struct media_client *media_client_free(struct media_client *m); /* NULL is fine */

/* Steals params. 0 and the result, which is the caller's; -EREMOTEIO: the daemon refused it. */
int media_client_call(struct media_client *m, const char *method, json_t *params, json_t **ret);

/* Of the call that failed last. */
const char *media_client_error(const struct media_client *m);
int media_client_error_code(const struct media_client *m);

/* Offer, call and answer: afterwards the peer is under way. */
int media_client_publish(struct media_client *m, const char *room, const char *stream,
                         struct rtc_peer *p);
int media_client_subscribe(struct media_client *m, const char *room, const char *stream,
                           const char *subscriber, struct rtc_peer *p);

/* The same with the daemon's offer. */
int media_client_subscribe_offered(struct media_client *m, const char *room, const char *stream,
                                   const char *subscriber, struct rtc_peer *p);

int media_client_unsubscribe(struct media_client *m, const char *room, const char *subscriber);
int media_client_close_room(struct media_client *m, const char *room);
int media_client_stats(struct media_client *m, json_t **ret);
