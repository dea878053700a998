/* certs.h: the certificate store: which pair is served, where it came from, and keeping it valid.
 *
 * The store is a folder: ca/ (the local CA of self-signed pairs), pairs/<n>/ (fullchain.pem,
 * privkey.pem, perhaps ca.crt), and `live`, a link to the pair being served. A pair is replaced
 * whole or not at all, and nothing but purge ever erases the store. */
#pragma once

#include "files/files.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum certs_type { CERTS_SELFSIGNED, CERTS_OWNCERT };

#define CERTS_NAMES_MAX 16

struct certs_wanted {
    enum certs_type type;
    const char *store;   /* folder */
    const char *owncert; /* folder with certificate.cert and certificate.key */
    const char
        *names[CERTS_NAMES_MAX + 1]; /* host names and IP addresses, the first is the main one */
    struct file_access key_access;   /* of privkey.pem */
};

/* A sentence for the operator. */
typedef void certs_tell_fn(bool is_problem, const char *text, void *arg);

/* Lets `live` be a valid pair as wanted: makes, renews or takes over what is needed, else does
 * nothing. When an own pair cannot be used the pair that was served stays, and each fault is told;
 * with none to stay, a self-signed one is served meanwhile. *ret_changed: live is another pair now.
 * 0; -EINVAL: not as wanted, told why; another error: told as well. */
int certs_ensure(const struct certs_wanted *wanted, int64_t now_s, certs_tell_fn *tell, void *arg,
                 bool *ret_changed);
