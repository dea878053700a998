/* A state that was read is written, and read as the same again. */
#include "acme/state.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_again(const char *text)
{
    static struct acme_state s;

    if (state_parse(bytes_str(text), &s) < 0)
        abort();
    return state_text(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct acme_state s;
    char *first, *second;

    if (state_parse(bytes_of(data, size), &s) < 0)
        return 0;
    first = state_text(&s);
    second = first ? write_again(first) : NULL;
    if (!second || strcmp(first, second) != 0)
        abort();
    free(first);
    free(second);
    return 0;
}
