#include "certs/sort.h"

#include <openssl/x509v3.h>

static X509 *take(struct pem_certs *c, size_t i)
{
    X509 *cert = c->list[i];

    for (c->n--; i < c->n; i++)
        c->list[i] = c->list[i + 1];
    return cert;
}

static bool take_own(struct pem_certs *c, struct pair *p)
{
    for (size_t i = 0; i < c->n; i++) {
        if (X509_check_private_key(c->list[i], p->key) != 1)
            continue;
        p->chain[p->n++] = take(c, i);
        return true;
    }
    return false;
}

static bool take_issuer(struct pem_certs *c, struct pair *p)
{
    X509 *last = p->chain[p->n - 1];

    if (X509_self_signed(last, 1) == 1)
        return false; /* self-signed: the end */
    for (size_t i = 0; i < c->n; i++) {
        if (X509_check_issued(c->list[i], last) != X509_V_OK ||
            X509_verify(last, X509_get0_pubkey(c->list[i])) != 1)
            continue;
        p->chain[p->n++] = take(c, i);
        return true;
    }
    return false;
}

bool sort_chain(struct pem_certs *c, struct pair *p)
{
    if (!take_own(c, p))
        return false;
    while (take_issuer(c, p))
        ;
    return true;
}
