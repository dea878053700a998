/* Whatever the file is, its pieces lie in it, and it ends. */
#include "client/recording.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct recording *r;
    struct recorded one;
    size_t n = 0, total = 0;
    volatile uint8_t sum = 0;

    if (recording_parse(bytes_of(data, size), &r) < 0)
        return 0;
    while (recording_next(r, &one)) {
        for (size_t i = 0; i < one.data.len; i++)
            sum = (uint8_t) (sum + one.data.p[i]);
        total += one.data.len;
        n++;
    }
    if (n == 0 || total > size)
        abort();
    recording_free(r);
    return 0;
}
