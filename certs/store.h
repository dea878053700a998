/* store.h: the folder of certs.h on disk: its lock, its pairs, its CAs. */
#pragma once

#include "certs/pair.h"
#include "certs/versions.h"

#define STORE_LIVE "live"

struct store {
    const char *path;
    struct file_access key_access;
    int lock_fd;
};

/* Makes the folder if need be and waits for whoever has it. -EBUSY after STORE_WAIT_MS. */
#define STORE_WAIT_MS 20000
int store_open(const char *path, const struct file_access *key_access, struct store *ret);
void store_close(struct store *s);

/* The pair being served. -ENOENT, -EINVAL. No lock is needed. */
int store_load_live(const char *path, struct pair *ret);

/* The pair comes into force, the one before stays beside. */
int store_put_pair(const struct store *s, const struct pair *p);

/* ---- CAs: their keys are root's alone ---- */

#define STORE_CAS_MAX 8

struct ca {
    X509 *cert;
    EVP_PKEY *key;
    bool in_force;
};

/* The CA in force first, then older ones, newest first; those that cannot be read are left out.
 * How many. */
size_t store_load_cas(const struct store *s, struct ca ret[static STORE_CAS_MAX]);
/* It comes into force; the one before stays beside. */
int store_put_ca(const struct store *s, const struct ca *ca);
void ca_done(struct ca *ca);
