/* validate.h: request bodies against a table of fields. JSON null always means "not given", and
 * fields that the table does not name are ignored. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Why a request is refused. */
struct problem {
    unsigned status;
    char text[256];
};

/* Fills p and returns -EINVAL. */
int problem_set(struct problem *p, unsigned status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

enum field_type { FIELD_STRING, FIELD_BOOL, FIELD_NUMBER, FIELD_OBJECT, FIELD_ARRAY };

struct field {
    const char *name;
    enum field_type type;
    bool required;
    const char *const *allowed; /* of a string: NULL-terminated list, or NULL */
};

/* body is an object or NULL (nothing given). 0, or -EINVAL with p filled (status 400). */
int validate(json_t *body, const struct field *fields, size_t n_fields, struct problem *p);

/* Of a validated body. An absent field gives NULL or the fallback. */
json_t *body_get(json_t *body, const char *name);
const char *body_string(json_t *body, const char *name, const char *fallback);
bool body_bool(json_t *body, const char *name, bool fallback);
