/* fields.h: the header fields of an answer, kept line by line as they come. What is over the limits
 * is passed over, and so are fields with control characters. */
#pragma once

#include "base/blob.h"

#define HTTP_FIELDS_MAX 64
#define HTTP_FIELDS_SIZE 16384

struct http_fields {
    struct blob text; /* names and values in turn, a NUL behind each */
    unsigned n;
    bool ended; /* trailers do not count */
};

struct http_fields http_fields_init(void);
void http_fields_done(struct http_fields *f);

/* One line of the answer's head with its line break: the status line (which begins anew: an interim
 * answer may have come before), a field, or the empty line. */
void http_fields_add(struct http_fields *f, struct bytes line);

/* The n-th value (from 0) of that name, without blanks around; NULL: there is none. */
const char *http_fields_get(const struct http_fields *f, const char *name, size_t n);
