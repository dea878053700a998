/* vault.h: what ACME keeps on disk, below one folder (0700, root's alone):
 *
 *   accounts/<host>-<hash of the directory's URL>/<n>/  account.json, privkey.pem; `current` leads
 * to one sets/<identifiers>/pairs/<n>/  fullchain.pem, privkey.pem (0600), of this identifier set;
 * `current` sets/<identifiers>/order/<n>/  order.json (CA, URL), privkey.pem: an order under way;
 * `current` sets/<identifiers>/state.json  what happened last (state.h) lock
 *
 * Versions come into force by one rename each (versions.h), so key and chain always match; the last
 * two pairs are kept. Nothing but purge erases a set. */
#pragma once

#include "acme/csr.h"
#include "certs/pair.h"

#include <limits.h>

struct vault {
    char folder[PATH_MAX];
    int lock_fd;
};

/* Makes the folder and takes the lock; on_wait is told once when another run has it. -EBUSY after
 * wait_s. */
int vault_open(const char *folder, unsigned wait_s, void (*on_wait)(void *arg), void *arg,
               struct vault *ret);
void vault_close(struct vault *v);

/* Paths; no lock is needed. -ENAMETOOLONG. */
int vault_set_path(const char *folder, const struct acme_ids *ids, char path[static PATH_MAX]);

/* ---- accounts, one for each directory URL ---- */

struct vault_account {
    char url[1024];  /* kid; "": the key is not registered yet */
    char email[256]; /* as registered; "" */
    EVP_PKEY *key;
};
/* -ENOENT; -EINVAL: cannot be read. No lock is needed. */
int vault_load_account(const char *folder, const char *directory, struct vault_account *ret);
int vault_put_account(const struct vault *v, const char *directory, const struct vault_account *a);
void vault_account_done(struct vault_account *a);

/* ---- pairs of a set ---- */

/* The newest one. -ENOENT, -EINVAL. No lock is needed. */
int vault_load_pair(const char *folder, const struct acme_ids *ids, struct pair *ret);
int vault_put_pair(const struct vault *v, const struct acme_ids *ids, const struct pair *p);

/* ---- the order under way ---- */

struct vault_order {
    char directory[1024]; /* of the CA that has it */
    char url[1024];       /* "": newOrder was about to be sent */
    EVP_PKEY *key;        /* of the certificate to come */
};
int vault_load_order(const struct vault *v, const struct acme_ids *ids, struct vault_order *ret);
int vault_put_order(const struct vault *v, const struct acme_ids *ids, const struct vault_order *o);
int vault_drop_order(const struct vault *v,
                     const struct acme_ids *ids); /* also when there is none */
void vault_order_done(struct vault_order *o);

/* ---- the text of state.json: state.h ---- */
int vault_load_state(const char *folder, const struct acme_ids *ids, char **ret_text,
                     size_t *ret_len);
int vault_put_state(const struct vault *v, const struct acme_ids *ids, struct bytes text);
