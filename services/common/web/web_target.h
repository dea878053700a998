/* web_target.h: the target of a request line ("/a/b%2Fc?x=1") taken apart. Pure. */
#pragma once

#include "base/bytes.h"

/* The pointers are into one block of memory that web_target_done() frees. */
struct web_target {
    char *path; /* as it came, without scheme, authority, query and fragment */
    unsigned n_segments;
    char *segments; /* decoded, one after the other, each with its NUL */
    char *query;    /* the same: name, value, name, value, ... */
    char *query_end;
    char *rest; /* room for web_target_rest() */
    bool ends_in_slash;
};

/* -EBADMSG when the path is not "/..." or "*", has a broken escape, or a segment that decodes to
 * control characters or to something other than UTF-8: then only path is set. -ENOMEM: nothing is.
 * A broken escape in the query, or one for NUL, stays as it came. */
int web_target_parse(const char *uri, struct web_target *ret);
void web_target_done(struct web_target *t);

/* NULL past the last one. */
const char *web_target_segment(const struct web_target *t, unsigned i);

/* The decoded path from segment i on, without a slash in front; NULL when a segment has a slash
 * inside. Valid until the next call. */
const char *web_target_rest(const struct web_target *t, unsigned i);

/* The first value of that name; NULL when absent, "" when without a value. */
const char *web_target_query(const struct web_target *t, const char *name);
