#include "signaling/validate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const type_names[] = {
    [FIELD_STRING] = "a string",  [FIELD_BOOL] = "a boolean", [FIELD_NUMBER] = "a number",
    [FIELD_OBJECT] = "an object", [FIELD_ARRAY] = "an array",
};

int problem_set(struct problem *p, unsigned status, const char *fmt, ...)
{
    va_list ap;

    p->status = status;
    va_start(ap, fmt);
    vsnprintf(p->text, sizeof(p->text), fmt, ap);
    va_end(ap);
    return -EINVAL;
}

static bool type_matches(const json_t *v, enum field_type type)
{
    switch (type) {
    case FIELD_STRING:
        return json_is_string(v);
    case FIELD_BOOL:
        return json_is_boolean(v);
    case FIELD_NUMBER:
        return json_is_number(v);
    case FIELD_OBJECT:
        return json_is_object(v);
    case FIELD_ARRAY:
        return json_is_array(v);
    }
    return false;
}

static bool is_allowed(const char *const *allowed, const char *value)
{
    while (*allowed && strcmp(*allowed, value) != 0)
        allowed++;
    return *allowed;
}

int validate(json_t *body, const struct field *fields, size_t n_fields, struct problem *p)
{
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *f = &fields[i];
        json_t *v = body_get(body, f->name);

        if (!v && f->required)
            return problem_set(p, 400, "'%s' parameter is mandatory", f->name);
        if (!v)
            continue;
        if (!type_matches(v, f->type))
            return problem_set(p, 400, "'%s' must be %s", f->name, type_names[f->type]);
        if (f->allowed && !is_allowed(f->allowed, json_string_value(v)))
            return problem_set(p, 400, "'%s' has a value that is not known", f->name);
    }
    return 0;
}

json_t *body_get(json_t *body, const char *name)
{
    json_t *v = json_object_get(body, name);

    return json_is_null(v) ? NULL : v;
}

const char *body_string(json_t *body, const char *name, const char *fallback)
{
    json_t *v = body_get(body, name);

    return v ? json_string_value(v) : fallback;
}

bool body_bool(json_t *body, const char *name, bool fallback)
{
    json_t *v = body_get(body, name);

    return v ? json_is_true(v) : fallback;
}
