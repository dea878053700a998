/* bio_method.h: what OpenSSL reads from and writes to, when that is ours (BIO_meth_new(3)). Of
 * OpenSSL, so for modules alone that have an SSL. Any thread may call. */
#pragma once

#include <openssl/bio.h>

struct bio_functions {
    const char *name;
    int (*write)(BIO *bio, const char *data, int len);
    int (*read)(BIO *bio, char *buf, int cap);
    long (*ctrl)(BIO *bio, int cmd, long num, void *ptr);
};

/* Made once for the process and kept in *cached, which is NULL at first. NULL without memory. */
const BIO_METHOD *bio_method(const struct bio_functions *f, BIO_METHOD **cached);
