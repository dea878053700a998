/* What decodes can be written and read again, and is then written as the same text. */
#include "codec/sdp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char first[1 << 20], second[1 << 20];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sdp s;
    size_t len, again_len;
    unsigned line;

    if (sdp_decode(bytes_of(data, size), &s, &line) < 0)
        return 0;
    for (unsigned i = 0; i < s.n_media; i++) {
        uint8_t digest[64];
        size_t n;

        (void) sdp_fingerprint_bytes(&s.media[i].fingerprint, digest, sizeof(digest), &n);
        for (unsigned pt = 0; pt < 128; pt++)
            (void) sdp_find_rtx(&s.media[i], (uint8_t) pt);
    }
    if (sdp_encode(&s, first, sizeof(first), &len) < 0)
        return 0;
    if (sdp_decode(bytes_of(first, len), &s, &line) < 0)
        abort();
    if (sdp_encode(&s, second, sizeof(second), &again_len) < 0 || again_len != len ||
        memcmp(first, second, len) != 0)
        abort();
    return 0;
}
