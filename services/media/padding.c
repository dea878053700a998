#include "media/padding.h"

/* How many of the n packets can be made one run. Its size is that of the largest. */
static unsigned run_length(const uint16_t *sizes, unsigned n, uint16_t *ret_size)
{
    uint16_t smallest = sizes[0], size = sizes[0]; /* smallest of all but the last */
    unsigned i = 1;

    while (i < n) {
        uint16_t before = sizes[i - 1] < smallest ? sizes[i - 1] : smallest;
        uint16_t larger = sizes[i] > size ? sizes[i] : size;

        if (larger - before > larger / PADDING_SHARE)
            break;
        smallest = before;
        size = larger;
        i++;
    }
    *ret_size = size;
    return i;
}

void padding_plan(const uint16_t *sizes, unsigned n, uint8_t *ret_padding)
{
    unsigned first = 0;

    while (first < n) {
        uint16_t size;
        unsigned end = first + run_length(sizes + first, n - first, &size);

        for (; first + 1 < end; first++)
            ret_padding[first] = (uint8_t) (size - sizes[first]);
        ret_padding[first++] = 0;
    }
}
