#include "acme/nonces.h"

#include "acme/fields.h"

#include <string.h>

void nonces_put(struct nonces *p, const char *nonce)
{
    if (strlen(nonce) >= NONCE_SIZE || !field_is_nonce(nonce))
        return;
    if (p->n == NONCES_MAX)
        memmove(p->list[0], p->list[1], (size_t) --p->n * NONCE_SIZE);
    memcpy(p->list[p->n++], nonce, strlen(nonce) + 1);
}

bool nonces_take(struct nonces *p, char ret[static NONCE_SIZE])
{
    if (p->n == 0)
        return false;
    memcpy(ret, p->list[--p->n], NONCE_SIZE);
    return true;
}

void nonces_clear(struct nonces *p)
{
    p->n = 0;
}
