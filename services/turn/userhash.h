/* userhash.h: the user names that signaling has handed out, found by their USERHASH (RFC 8489
 * section 14.4), with which a client hides its name. Each is kept until its expiry; when the table
 * is full, the one that was told first goes.
 * Shared by the threads, with a lock: it is asked for requests that have a USERHASH alone. */
#pragma once

#include "base/bytes.h"
#include "base/crypto.h"
#include "link/turn_names.h"

struct userhash_table;

/* realm is copied. -ENOMEM. */
int userhash_table_new(size_t max, const char *realm, struct userhash_table **ret_table);

/* NULL is fine; returns NULL. */
struct userhash_table *userhash_table_free(struct userhash_table *t);

/* To tell a name again is no error. -ETIME: it is over; -EBADMSG: no such name, or too long;
 * -ENOMEM. */
int userhash_put(struct userhash_table *t, struct bytes name, uint64_t now_s);

/* False when the hash is no known user's. */
bool userhash_find(struct userhash_table *t, const uint8_t hash[static SHA256_SIZE],
                   uint8_t ret_name[static TURN_NAME_MAX], size_t *ret_len);

size_t userhash_count(struct userhash_table *t);
