/* Any text as the target of a redirect: what may be followed has a host and an allowed port. */
#include "acme/redirect.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *url = bytes_dup_str(bytes_of(data, size));
    struct redirect r;

    if (!url)
        abort();
    if (!redirect_parse(url, 80, 443, &r)) {
        if (!*r.host || strpbrk(r.host, "/?#@") || (r.port != 80 && r.port != 443) ||
            strcmp(r.url, url) != 0)
            abort();
    }
    free(url);
    return 0;
}
