/* handshakes.h: the DTLS handshakes under way on a worker. Each costs about half a millisecond,
 * which media would wait for, and 100 kB while it lasts: so there are so many at once, of them so
 * many of one host, and so many begin in a window. A client that has to wait repeats its hello.
 * Pure; plain memory. */
#pragma once

#include "base/addr.h"
#include "base/list.h"

#define HANDSHAKES_MAX 1024
#define HANDSHAKES_PER_HOST 256 /* an office, of which a room of 16 meets */
#define HANDSHAKES_WINDOW_MS 100u
#define HANDSHAKES_PER_WINDOW 100u /* half of the thread's time */

struct handshakes {
    struct list open;
    unsigned n;
    uint64_t since_ms; /* of the window */
    unsigned begun;    /* in it */
};

/* A field of what shakes hands; zeroed, it does not. */
struct handshake {
    struct list node;
    uint8_t host[ADDR_HOST_KEY_SIZE];
    bool open;
};

void handshakes_init(struct handshakes *h);

/* hs is open then. -EAGAIN: too many in this window; -ENFILE: too many at once; -EMFILE: too many
 * of this host. */
int handshakes_begin(struct handshakes *h, struct handshake *hs, const struct addr *from,
                     uint64_t now_ms);

/* One that is not open: nothing happens. */
void handshakes_end(struct handshakes *h, struct handshake *hs);
