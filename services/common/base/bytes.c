#include "base/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

bool bytes_caseeq_str(struct bytes a, const char *s)
{
    return a.len == strlen(s) && (a.len == 0 || strncasecmp((const char *) a.p, s, a.len) == 0);
}

bool bytes_starts_with(struct bytes a, const char *prefix)
{
    size_t len = strlen(prefix);

    return a.len >= len && (len == 0 || memcmp(a.p, prefix, len) == 0);
}

int bytes_to_u64(struct bytes a, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;

    if (a.len == 0)
        return -EBADMSG;
    for (size_t i = 0; i < a.len; i++) {
        unsigned digit = (unsigned) a.p[i] - '0';

        if (digit > 9 || digit > max || v > (max - digit) / 10)
            return -EBADMSG;
        v = v * 10 + digit;
    }
    *ret = v;
    return 0;
}

char *bytes_dup_str(struct bytes a)
{
    char *s = malloc(a.len + 1);

    if (!s)
        return NULL;
    if (a.len)
        memcpy(s, a.p, a.len);
    s[a.len] = '\0';
    return s;
}
