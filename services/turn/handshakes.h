/* handshakes.h: how many TLS and DTLS handshakes a thread begins. Each costs milliseconds, which
 * media would wait for: so many in a window, and others come later. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HANDSHAKES_WINDOW_MS 100u
#define HANDSHAKES_PER_WINDOW 25u /* some 2 ms each with an RSA key: half of the thread's time */

struct handshakes {
    uint64_t since_ms; /* of the window */
    unsigned n;        /* begun in it */
};

/* May another one begin now? */
static inline bool handshakes_allow(struct handshakes *h, uint64_t now_ms)
{
    if (now_ms - h->since_ms >= HANDSHAKES_WINDOW_MS)
        *h = (struct handshakes){.since_ms = now_ms};
    return h->n < HANDSHAKES_PER_WINDOW;
}

static inline void handshakes_begun(struct handshakes *h)
{
    h->n++;
}
