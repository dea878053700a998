/* room.h: opens a room at the OpenVidu server for one guest, by its REST API alone, so that this
 * app is nothing more than any operator's own app could be. */
#pragma once

#include "call/config.h"
#include "http/http.h"

#define ROOM_NAME_MAX 64
#define ROOM_TOKEN_MAX 1024

struct rooms;

int rooms_new(struct http *h, const struct call_config *config, struct rooms **ret_r);

/* Cancels what is under way; the continuations are not called. NULL is fine; returns NULL. */
struct rooms *rooms_free(struct rooms *r);

/* Guests that got their tokens. */
uint64_t rooms_n_entered(const struct rooms *r);

/* Letters, digits, '_' and '-', 1 to ROOM_NAME_MAX of them. */
bool room_name_is_valid(const char *name);

/* What a guest gets: two connections of the same role, one for the camera, one for a screen. */
struct room_entry {
    unsigned status; /* 200, else what to answer the browser: 4xx, 502, 503 */
    const char *message;
    const char *camera_token;
    const char *screen_token;
};
typedef void room_entry_fn(const struct room_entry *e, void *arg);

/* The session is made if it is not there. The first to come, while nobody is connected, gets role
 * MODERATOR, all others PUBLISHER. fn is called exactly once, never from inside this call.
 * -EAGAIN: too many at a time. */
int rooms_enter(struct rooms *r, const char *name, room_entry_fn *fn, void *arg);
