/* Any bytes as the header of the PROXY protocol: it is never longer than what came, and more bytes
 * behind it do not change it. */
#include "codec/proxy_header.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header whole = {0}, cut = {0};
    int r = proxy_header_parse(bytes_of(data, size), &whole);

    if (r == 0 && (whole.len == 0 || whole.len > size || whole.len > PROXY_HEADER_MAX))
        abort();
    if (r == -EAGAIN && size >= PROXY_HEADER_MAX)
        abort();
    if (r < 0)
        return 0;
    if (proxy_header_parse(bytes_of(data, whole.len), &cut) < 0 || cut.len != whole.len ||
        !addr_eq(&cut.client, &whole.client))
        abort();
    if (proxy_header_parse(bytes_of(data, whole.len - 1), &cut) != -EAGAIN)
        abort();
    return 0;
}
