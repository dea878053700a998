/* trickle.h: ICE candidates that a client sent one by one, kept for people who look at an endpoint
 * (the media daemon needs none). */
#pragma once

#include "base/blob.h"

#include <jansson.h>

struct blob trickle_init(void);

/* What is no candidate, or does not fit any more, is left out. */
void trickle_add(struct blob *t, const char *candidate, const char *mid, json_int_t line);

/* Appends {candidate, sdpMid, sdpMLineIndex} of each. */
void trickle_put(const struct blob *t, json_t *list);
