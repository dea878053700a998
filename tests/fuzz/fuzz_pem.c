/* Any bytes as certificate and key, parted by a line "===": whatever is accepted can be written and
 * is accepted again. */
#include "certs/certs.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"video.example.org", NULL};

static void check(struct bytes cert, struct bytes key, bool again)
{
    struct certs_pem pem;

    if (certs_check(cert, "c", key, "k", names, 1800000000, NULL, NULL, &pem) < 0) {
        if (again)
            abort();
        return;
    }
    if (!again)
        check(bytes_str(pem.certs), bytes_str(pem.key), true);
    certs_pem_done(&pem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *mark = size ? memmem(data, size, "===\n", 4) : NULL;
    size_t len = mark ? (size_t) (mark - data) : size;

    check(bytes_of(data, len), bytes_of(data + len, size - len), false);
    certs_is_pfx(bytes_of(data, size));
    return 0;
}
