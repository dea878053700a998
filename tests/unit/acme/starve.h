/* starve.h: an allocator of JSON that runs dry after so many calls. */
#pragma once

#include <jansson.h>
#include <stdlib.h>

static unsigned starve_left;

static inline void *starve_malloc(size_t size)
{
    if (starve_left == 0)
        return NULL;
    starve_left--;
    return malloc(size);
}

/* Calls fn with 0, 1, 2 ... allocations until it succeeds; how many that took. */
static inline unsigned starve(char *(*fn)(void) )
{
    unsigned n = 0;
    char *text;

    json_set_alloc_funcs(starve_malloc, free);
    while (starve_left = n, !(text = fn()) && n < 10000)
        n++;
    json_set_alloc_funcs(malloc, free);
    free(text);
    return n;
}
