#include "link/turn_names.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A script: each line is a name to be put; '+' lets time pass. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size), name;
    uint64_t now_s = 0, expiry_s;
    struct turn_names *t;
    size_t pos = 0, n = 0;

    if (turn_names_new(8, &t) < 0)
        return 0;
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.p, '\n', rest.len);
        struct bytes line = bytes_of(rest.p, end ? (size_t) (end - rest.p) : rest.len);

        if (line.len > 0 && line.p[0] == '+') {
            now_s += line.len * line.len;
            turn_names_expire(t, now_s);
        } else if (turn_names_put(t, line, now_s) >= 0 && !turn_names_has(t, line)) {
            abort();
        }
        rest = bytes_of(rest.p + line.len + (end != NULL), rest.len - line.len - (end != NULL));
    }
    for (; turn_names_next(t, &pos, &name); n++)
        if (!turn_names_has(t, name) || turn_name_expiry(name, &expiry_s) < 0 || expiry_s <= now_s)
            abort();
    if (n != turn_names_count(t) || n > 8)
        abort();
    turn_names_free(t);
    return 0;
}
