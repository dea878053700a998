/* rest_list.h: GET /sessions. With thousands of connections to name the answer takes a while, and
 * so it is made piece by piece; clients are served between two. Each session is shown as it is when
 * its turn comes; those made meanwhile are not. */
#pragma once

#include "signaling/shapes.h"

struct app;
struct rest;
struct rest_lists;

int rest_lists_new(struct app *app, struct rest_lists **ret_lists);

/* Those under way are not answered any more. NULL is fine; returns NULL. */
struct rest_lists *rest_lists_free(struct rest_lists *all);

/* Answers r, now or later; one after the other. o->endpoints are those of r. */
void rest_list_sessions(struct rest *r, const struct shape_options *o);
