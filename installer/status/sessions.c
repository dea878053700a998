#include "status/sessions.h"

#include "status/api.h"

#include <errno.h>

static int read_count(const json_t *o, unsigned *ret)
{
    const json_t *n = json_object_get(o, "numberOfElements");

    if (!json_is_integer(n) || json_integer_value(n) < 0)
        return -EBADMSG;
    *ret = (unsigned) json_integer_value(n);
    return 0;
}

int sessions_count(const struct settings *s, unsigned *ret)
{
    const struct api a = api_of(s);
    json_t *body = NULL;
    unsigned status = 0;
    int r = api_call(&a, "GET", "sessions", &status, &body);

    if (r == 0)
        r = status == 200 ? read_count(body, ret) : -EACCES;
    json_decref(body);
    return r;
}
