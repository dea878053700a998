/* issued.h: the user names that signaling has given out, as it says them anew each time it
 * connects: so that those of whom it says nothing any more are found. Lives on the main thread. */
#pragma once

#include "base/bytes.h"

struct issued;

/* More than max are not remembered. */
int issued_new(size_t max, struct issued **ret_issued);

/* NULL is fine; returns NULL. */
struct issued *issued_free(struct issued *i);

/* A signaling daemon has connected: what it does not say from now on is left over. */
void issued_begin(struct issued *i);

/* May be said again. -ENOSPC, -ENOMEM. */
int issued_put(struct issued *i, struct bytes name);

/* Nothing if it is not there. */
void issued_del(struct issued *i, struct bytes name);

/* The names that were said before issued_begin() alone; start with *pos = 0. It may be deleted,
 * nothing may be put in between. False at the end. */
bool issued_next_left_over(const struct issued *i, size_t *pos, struct bytes *ret_name);
