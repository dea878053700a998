/* What decodes can be written and read again, and is then written as the same text. */
#include "codec/sdp_candidate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t put(const struct sdp_candidate *c, char *ret, size_t cap)
{
    struct wr w = wr_init(ret, cap);
    size_t len;

    sdp_candidate_put(c, &w);
    if (wr_finish(&w, &len) < 0)
        abort();
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char first[8192], second[8192];
    struct sdp_candidate c;
    size_t len, again_len;

    if (size > 4096 || sdp_candidate_decode(bytes_of(data, size), &c) < 0)
        return 0;
    len = put(&c, first, sizeof(first));
    if (sdp_candidate_decode(bytes_of(first, len), &c) < 0)
        abort();
    again_len = put(&c, second, sizeof(second));
    if (again_len != len || memcmp(first, second, len) != 0)
        abort();
    return 0;
}
