#include "web/web_target.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *uri = malloc(size + 1);
    struct web_target t;
    size_t total = 0;

    memcpy(uri, data, size);
    uri[size] = '\0';
    if (web_target_parse(uri, &t) == 0) {
        for (unsigned i = 0; i < t.n_segments; i++) {
            const char *rest = web_target_rest(&t, i);

            total += strlen(web_target_segment(&t, i)) + 1;
            if (rest && strlen(rest) > strlen(t.path))
                abort();
        }
        /* Decoding never makes longer, and no segment is beyond the last one. */
        if (total > strlen(t.path) || web_target_segment(&t, t.n_segments))
            abort();
        (void) web_target_query(&t, "x");
    }
    web_target_done(&t);
    free(uri);
    return 0;
}
