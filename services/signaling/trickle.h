/* trickle.h: ICE candidates that a client sent one by one, kept for people who look at an endpoint,
 * and until there is one: gathering begins before a client's request is sent. Whether the media
 * daemon needs them, it says (media.h). */
#pragma once

#include "base/blob.h"

#include <jansson.h>

struct blob trickle_init(void);

/* What is no candidate, or does not fit any more, is left out. */
void trickle_add(struct blob *t, const char *candidate, const char *mid, json_int_t line);

/* Appends {candidate, sdpMid, sdpMLineIndex} of each. */
void trickle_put(const struct blob *t, json_t *list);

typedef void trickle_fn(const char *candidate, void *arg);
void trickle_each(const struct blob *t, trickle_fn *fn, void *arg);

/* ---- of one connection, for endpoints that are not there yet, each named by the connection whose
 * stream it carries ---- */

void trickle_early_add(struct blob *early, const char *owner, const char *candidate,
                       const char *mid, json_int_t line);

/* Those of one endpoint, appended to `to` and not removed. */
void trickle_early_copy(const struct blob *early, const char *owner, struct blob *to);
void trickle_early_remove(struct blob *early, const char *owner);
