/* turn_link.h: what the TURN server is told of participants (link/turn_api.h): the user names they
 * have, and those whose participants are gone, so that what they allocated ends with them.
 *
 * Nothing here waits, and nothing is lost: while there is no link it is remembered, and each time
 * the link comes up the server is told everything that still counts. */
#pragma once

#include "base/log.h"
#include "link/link.h"

struct turn_link;

/* Call turn_link_issued() for each participant there is. */
typedef void turn_link_all_fn(struct turn_link *t, void *arg);

/* Keeps a link to the socket at path. */
int turn_link_new(struct loop *l, const char *path, turn_link_all_fn *fn, void *arg,
                  struct turn_link **ret_turn);

/* What is still to be told is, as far as the socket takes it. NULL is fine; returns NULL. */
struct turn_link *turn_link_free(struct turn_link *t);

/* Does the server hear what we say? */
bool turn_link_is_up(const struct turn_link *t);

/* We stop soon, and the server perhaps as well: that it goes is not remarked on. NULL is fine. */
void turn_link_end(struct turn_link *t);

/* In both t may be NULL: there is no TURN server to be told. */

void turn_link_issued(struct turn_link *t, const char *username);

/* The participant is gone. What was relayed for it is logged, as a line about who. */
void turn_link_revoke(struct turn_link *t, const char *username, struct log_ids who);

/* users: as in turn_api.h, of everybody that the server knows; borrowed; NULL on an error. */
typedef void turn_link_usage_fn(int error, json_t *users, void *arg);

/* fn is called once, but not when this fails: -ENOTCONN, and as link_call(). */
int turn_link_usage(struct turn_link *t, turn_link_usage_fn *fn, void *arg);
