/* Header fields and times: the first byte is the size of the buffer for a link. */
#include "acme/fields.h"
#include "acme/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t cap = size ? data[0] + 1U : 1;
    char *value = bytes_dup_str(bytes_of(data + (size > 0), size ? size - 1 : 0));
    char *buf = malloc(cap);
    int64_t s = 0;

    if (!value || !buf)
        abort();
    if (field_retry_after(value, 1800000000, &s) == 0 && (s < 0 || s > 315360000))
        abort();
    field_date(value, &s);
    acme_time_parse(value, &s);
    field_is_nonce(value);
    for (size_t n = 0; n < 3; n++)
        if (field_link(value, "alternate", n, "https://ca.example/a/b?c", buf, cap) == 0 &&
            strlen(buf) >= cap)
            abort();
    /* as a base as well */
    if (acme_is_url(value))
        field_link("<../x>;rel=up", "up", 0, value, buf, cap);
    free(buf);
    free(value);
    return 0;
}
