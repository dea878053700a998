/* pem.h: certificates and keys as text. Reads what people have in such files, and knows what it is
 * that is no PEM. Bytes to objects, no files. */
#pragma once

#include "base/bytes.h"

#include <openssl/types.h>

#define PEM_FILE_MAX 262144
#define PEM_CERTS_MAX 16

enum pem_result {
    PEM_OK,
    PEM_EMPTY,     /* no bytes, or blanks alone */
    PEM_NONE,      /* no text "-----BEGIN ..." of any kind */
    PEM_OTHER,     /* PEM, but of something else: see `found` */
    PEM_DAMAGED,   /* a block cannot be read: see `number` and `found` */
    PEM_TOO_MANY,  /* certificates */
    PEM_ENCRYPTED, /* a key with a password */
    PEM_DER,       /* the right thing in binary form */
    PEM_PFX,       /* PKCS #12 */
    PEM_NO_MEMORY,
};

struct pem_certs {
    X509 *list[PEM_CERTS_MAX];
    size_t n;
    unsigned number; /* of the block that is damaged, counted from 1 */
    char found[64];  /* what the last block that is no certificate is called: "PRIVATE KEY" */
};

/* All certificates of a text; other blocks are passed over. *ret is always set, for
 * pem_certs_done(). */
enum pem_result pem_read_certs(struct bytes text, struct pem_certs *ret);
void pem_certs_done(struct pem_certs *c);

/* The first private key of a text; *ret_key is set with PEM_OK alone. found as above. */
enum pem_result pem_read_key(struct bytes text, EVP_PKEY **ret_key, char found[static 64]);

/* The certificates as text, to be freed; NULL without memory. */
char *pem_write_certs(X509 *const *list, size_t n);
