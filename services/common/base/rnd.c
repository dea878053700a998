#include "base/rnd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void rnd_bytes(void *ret, size_t len)
{
    uint8_t *p = ret;

    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort();
        p += n;
        len -= (size_t) n;
    }
}

uint32_t rnd_u32(void)
{
    uint32_t v;

    rnd_bytes(&v, sizeof(v));
    return v;
}

uint64_t rnd_u64(void)
{
    uint64_t v;

    rnd_bytes(&v, sizeof(v));
    return v;
}

/* One of the first n letters of the alphabet below; redraws what would make some likelier. */
static char letter(unsigned n)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    uint8_t v;

    do {
        rnd_bytes(&v, 1);
    } while (v >= 256 / n * n);
    return alphabet[v % n];
}

void rnd_alnum(char *ret, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = letter(62);
    ret[n] = '\0';
}

void rnd_id(char *ret, size_t n)
{
    rnd_alnum(ret, n);
    if (n > 0)
        ret[0] = letter(26);
}
