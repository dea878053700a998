/* pair.h: a private key with its certificates, as it is served: the server's own first, each one
 * followed by its issuer. */
#pragma once

#include "certs/certs.h"
#include "certs/pem.h"

#define PAIR_CERTS "fullchain.pem"
#define PAIR_KEY "privkey.pem"
#define PAIR_CA "ca.crt"

struct pair {
    EVP_PKEY *key;
    X509 *chain[PEM_CERTS_MAX];
    size_t n;
    X509 *ca; /* of a self-signed pair; NULL else */
};

/* Reads the folder of a pair that we wrote. -ENOENT, -EINVAL: not one, or key and certificate do
 * not match. On failure *ret is empty. */
int pair_load(const char *folder, struct pair *ret);

/* The texts of the files. -ENOMEM. */
int pair_to_pem(const struct pair *p, struct certs_pem *ret);

void pair_done(struct pair *p);
