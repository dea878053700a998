#include "media/handshakes.h"

#include <errno.h>

void handshakes_init(struct handshakes *h)
{
    *h = (struct handshakes){.n = 0};
    list_init(&h->open);
}

static unsigned count_of_host(const struct handshakes *h, const uint8_t host[ADDR_HOST_KEY_SIZE])
{
    const struct handshake *hs;
    unsigned n = 0;

    list_for_each (hs, &h->open, node)
        n += memcmp(hs->host, host, ADDR_HOST_KEY_SIZE) == 0;
    return n;
}

int handshakes_begin(struct handshakes *h, struct handshake *hs, const struct addr *from,
                     uint64_t now_ms)
{
    uint8_t host[ADDR_HOST_KEY_SIZE];

    if (now_ms - h->since_ms >= HANDSHAKES_WINDOW_MS) {
        h->since_ms = now_ms;
        h->begun = 0;
    }
    if (h->begun >= HANDSHAKES_PER_WINDOW)
        return -EAGAIN;
    if (h->n >= HANDSHAKES_MAX)
        return -ENFILE;
    addr_host_key(from, host);
    if (count_of_host(h, host) >= HANDSHAKES_PER_HOST)
        return -EMFILE;
    memcpy(hs->host, host, sizeof(host));
    list_init(&hs->node);
    list_append(&h->open, &hs->node);
    hs->open = true;
    h->n++;
    h->begun++;
    return 0;
}

void handshakes_end(struct handshakes *h, struct handshake *hs)
{
    if (!hs->open)
        return;
    list_del(&hs->node);
    hs->open = false;
    h->n--;
}
