/* The head of an answer, line by line. */
#include "http/fields.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_fields f = http_fields_init();

    while (size) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t) (end - data) + 1 : size;

        http_fields_add(&f, bytes_of(data, len));
        data += len;
        size -= len;
    }
    if (f.n > HTTP_FIELDS_MAX || f.text.len > HTTP_FIELDS_SIZE)
        abort();
    for (size_t n = 0; n <= f.n; n++) {
        const char *value = http_fields_get(&f, "Link", n);

        if (value && strpbrk(value, "\r\n"))
            abort();
    }
    http_fields_done(&f);
    return 0;
}
