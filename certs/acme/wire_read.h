/* wire_read.h: fields of JSON objects of others, each checked as it is read. Like the cursors of
 * base/buf.h a reading remembers the first thing that was wrong: the functions do nothing after it,
 * and there is one check at the end. Private to wire. */
#pragma once

#include "acme/wire.h"

struct reading {
    const char *why; /* what is wrong, a constant; NULL: nothing so far */
};

/* The object of a body; NULL and a reason: none. json_decref() it. */
json_t *read_body(struct reading *r, struct bytes body);

/* The key is there (and of that kind), or it is optional and absent, or it is null. The texts name
 * it. */
#define READ_URL(r, o, key, optional, ret)                                                         \
    read_url((r), json_object_get((o), (key)), (optional), (ret), key " is missing",               \
             key " is no http:// or https:// URL of fewer than 1024 characters")
void read_url(struct reading *r, const json_t *v, bool optional, char ret[static ACME_URL_SIZE],
              const char *missing, const char *wrong);

/* A status out of a set of bits, 1 << ACME_... */
enum acme_status read_status(struct reading *r, const json_t *object, unsigned allowed);

/* A text made printable, cut when it is too long; "" when there is none. Cannot fail. */
void read_text(const json_t *v, char *ret, size_t cap);

/* {"type": ..., "value": ...} */
void read_id(struct reading *r, const json_t *v, bool is_wildcard, struct acme_id *ret);

/* An error object; PROBLEM_NONE when there is none. */
void read_problem_of(struct reading *r, const json_t *v, struct acme_problem *ret);

/* Notes what is wrong unless something is already. */
void read_fail(struct reading *r, const char *why);

/* 0, or -EBADMSG and the reason. */
int read_finish(const struct reading *r, const char **ret_why);
