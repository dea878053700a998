/* Any bytes as text: what is taken has one text alone, and that is it. */
#include "acme/base64url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t cap = size / 4 * 3 + 2, len;
    uint8_t *bytes = malloc(cap);
    char *text = malloc(size + 1);

    if (!bytes || !text)
        abort();
    if (base64url_decode(bytes_of(data, size), bytes, cap, &len) == 0 &&
        (base64url_encode(bytes_of(bytes, len), text, size + 1) < 0 ||
         !bytes_eq_str(bytes_of(data, size), text)))
        abort();
    free(bytes);
    free(text);
    return 0;
}
