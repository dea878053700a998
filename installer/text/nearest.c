#include "text/nearest.h"

#include <string.h>

#define WORD_MAX 64

/* Anything from limit on may be reported as limit. */
static unsigned edit_distance(const char *a, const char *b, unsigned limit)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return limit;
    for (size_t j = 0; j <= b_len; j++)
        last[j] = (unsigned) j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *reused = before;

        row[0] = (unsigned) i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        before = last;
        last = row;
        row = reused;
    }
    return last[b_len] < limit ? last[b_len] : limit;
}

void nearest_start(struct nearest *n, const char *wanted, unsigned max_edits)
{
    *n = (struct nearest){.wanted = wanted, .distance = max_edits + 1};
}

void nearest_offer(struct nearest *n, const char *word)
{
    unsigned d = edit_distance(n->wanted, word, n->distance);

    if (d < n->distance) {
        n->distance = d;
        n->found = word;
    }
}
