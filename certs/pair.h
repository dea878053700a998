/* pair.h: a private key with its certificates, as it is served: the server's own first, each one
 * followed by its issuer. */
#pragma once

#include "certs/certs.h"
#include "certs/pem.h"
#include "certs/versions.h"

#define PAIR_CERTS "fullchain.pem"
#define PAIR_KEY "privkey.pem"
#define PAIR_CA "ca.crt"
#define PAIR_ACME "acme" /* a mark, empty */

struct pair {
    EVP_PKEY *key;
    X509 *chain[PEM_CERTS_MAX];
    size_t n;
    X509 *ca;     /* of a self-signed pair; NULL else */
    bool is_acme; /* in the store: an ACME CA issued it */
};

/* Reads the folder of a pair that we wrote. -ENOENT, -EINVAL: not one, or key and certificate do
 * not match. On failure *ret is empty. */
int pair_load(const char *folder, struct pair *ret);

/* The one in force of such folders. -ENOENT: none; -EINVAL: as above. */
int pair_load_current(const struct versions *v, struct pair *ret);

/* It comes into force as a version of its own; also: a further file beside, NULL for none. */
int pair_put(const struct versions *v, const struct pair *p, const struct file_access *certs_access,
             const struct file_access *key_access, const struct version_file *also);

/* The same key and certificates? */
bool pair_same(const struct pair *a, const struct pair *b);

/* The texts of the files. -ENOMEM. */
int pair_to_pem(const struct pair *p, struct certs_pem *ret);

void pair_done(struct pair *p);
