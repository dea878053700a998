/* Any text with a secret in it, in any place: the secret does not come out. */
#include "status/scrub.h"

#include <stdlib.h>

#define SECRET "\x01qX\x7f" /* nothing of the mask or of its own encodings */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at = size ? data[0] % size : 0, n = strlen(SECRET), len = 0;
    uint8_t *text = malloc(size + n);
    char *out = NULL;
    struct scrub *s;
    FILE *f = open_memstream(&out, &len);

    if (!text || !f || scrub_new(&s) < 0)
        abort();
    memcpy(text, data, at);
    memcpy(text + at, SECRET, n);
    memcpy(text + at + n, data + at, size - at);
    scrub_add(s, SECRET);
    scrub_learn(s, bytes_of(data, size));
    scrub_print(s, bytes_of(text, size + n), f);
    fclose(f);
    if (memmem(out, len, SECRET, n))
        abort();
    scrub_free(s);
    free(out);
    free(text);
    return 0;
}
