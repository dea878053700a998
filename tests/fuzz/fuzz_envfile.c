#include "settings/envfile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct bytes part, const uint8_t *data, size_t size)
{
    return part.len == 0 || (part.p >= data && part.p + part.len <= data + size);
}

/* Views stay within the input, lines go up, a key is there once, and what was taken as it stands is
 * taken again as it stands. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct envfile_entry *e;
    const struct envfile_note *n;
    struct envfile *f;
    unsigned line = 0;

    if (envfile_parse(bytes_of(data, size), size > 0 && data[0] == 'v', &f) < 0)
        abort();
    for (size_t i = 0; (e = envfile_entry(f, i)); i++) {
        if (!is_within(e->key, data, size) || !is_within(e->value, data, size) || e->line <= line)
            abort();
        line = e->line;
        for (size_t k = 0; k < i; k++)
            if (bytes_eq(envfile_entry(f, k)->key, e->key))
                abort();
    }
    for (size_t i = 0; (n = envfile_note(f, i)); i++)
        if (!is_within(n->key, data, size) || n->remark >= N_ENVFILE_REMARKS)
            abort();
    envfile_free(f);
    return 0;
}
