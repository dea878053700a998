/* turn_names.h: user names of time-limited TURN credentials, "<expiry in Unix seconds>:<anything>",
 * and a set of them with a maximum, in which each stays until its expiry. When the set is full, the
 * name that expires first goes. Not thread-safe. */
#pragma once

#include "base/bytes.h"

#define TURN_NAME_MAX 64 /* bytes of a name in a set */

/* The time in front of the first colon, or all of it. -EBADMSG when there is none. */
int turn_name_expiry(struct bytes name, uint64_t *ret_s);

/* The id of the participant's join (turn_api.h), as text; "" when the name has none. */
#define TURN_JOIN_SIZE 33
void turn_name_join(struct bytes name, char ret[static TURN_JOIN_SIZE]);

struct turn_names;

int turn_names_new(size_t max, struct turn_names **ret_names);

/* NULL is fine; returns NULL. */
struct turn_names *turn_names_free(struct turn_names *t);

size_t turn_names_count(const struct turn_names *t);

/* To enter a name again is no error. 0; 1 when another one had to go for it; -ETIME: it is over;
 * -EBADMSG: no such name, or too long; -ENOMEM. */
int turn_names_put(struct turn_names *t, struct bytes name, uint64_t now_s);

bool turn_names_has(const struct turn_names *t, struct bytes name);

/* Drops those that are over. */
void turn_names_expire(struct turn_names *t, uint64_t now_s);

/* Visits all in no particular order; start with *pos = 0. The set must not change in between; the
 * name is good as long. False at the end. */
bool turn_names_next(const struct turn_names *t, size_t *pos, struct bytes *ret_name);
