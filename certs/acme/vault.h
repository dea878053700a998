/* vault.h: what ACME keeps on disk, below one folder:
 *
 *   lock
 *   accounts/<host>-<hash of the directory's URL>/
 *     keys/<n>/        account.json, privkey.pem; `current` leads to the one in use,
 *                      `deactivated` to one that the CA was told to forget
 *     next.pem         a key that is about to replace that one
 *   sets/<identifiers>/
 *     pairs/<n>/       fullchain.pem, privkey.pem, origin.json; `current` leads to the newest
 *     orders/<n>/      order.json, privkey.pem of the certificate to come; `order` leads to the
 *                      one under way
 *     state.json       what happened last (state.h)
 *
 * accounts and sets are 0700 and all files 0600: the folder itself may be open to others, who find
 * their webroot in it. Versions come into force by one rename each (versions.h), so key and chain
 * always match; the last two pairs are kept. Nothing but purge erases a set.
 *
 * Reading needs no lock, and gives -ENOENT when there is nothing, -EINVAL when what is there is not
 * what was written, -EACCES to others than root. */
#pragma once

#include "acme/ids.h"
#include "certs/pair.h"

#include <limits.h>

#define VAULT_URL_SIZE 1024
#define VAULT_STATE_MAX 131072

struct vault {
    char folder[PATH_MAX];
    int lock_fd;
};

/* Makes the folder if need be and takes the lock; on_wait (may be NULL) is told once when another
 * run has it. -EBUSY after wait_s. */
int vault_open(const char *folder, unsigned wait_s, void (*on_wait)(void *arg), void *arg,
               struct vault *ret);
void vault_close(struct vault *v);

/* The folder of the set, for certs_wanted.acme. -ENAMETOOLONG. */
int vault_set_path(const char *folder, const struct acme_ids *ids, char path[static PATH_MAX]);

/* ---- accounts, one for each directory URL ---- */

struct vault_account {
    char url[VAULT_URL_SIZE]; /* kid; "": the key is not registered yet */
    char email[256];          /* as registered; "" */
    EVP_PKEY *key;
};
int vault_load_account(const char *folder, const char *directory, struct vault_account *ret);

/* What was in use stays beside; a key put aside by vault_put_next_key() is dropped. */
int vault_put_account(const struct vault *v, const char *directory, const struct vault_account *a);
void vault_account_done(struct vault_account *a);

/* The key of a change that was begun (RFC 8555 section 7.3.5): until vault_put_account() nobody
 * knows which of the two the CA has. */
int vault_put_next_key(const struct vault *v, const char *directory, const EVP_PKEY *key);
int vault_load_next_key(const char *folder, const char *directory, EVP_PKEY **ret);

/* No account is in use from now on; the files stay. 0 also when none was. */
int vault_retire_account(const struct vault *v, const char *directory);

/* ---- pairs of a set ---- */

struct vault_pair {
    struct pair pair;
    char directory[VAULT_URL_SIZE]; /* of the CA that issued it */
    bool revoked;                   /* by us: it is to be replaced */
};
/* The newest one. */
int vault_load_pair(const char *folder, const struct acme_ids *ids, struct vault_pair *ret);
int vault_put_pair(const struct vault *v, const struct acme_ids *ids, const struct pair *p,
                   const char *directory);
int vault_mark_revoked(const struct vault *v, const struct acme_ids *ids); /* the newest one */
void vault_pair_done(struct vault_pair *p);

/* ---- the order under way ---- */

struct vault_order {
    char directory[VAULT_URL_SIZE]; /* of the CA that has it */
    char url[VAULT_URL_SIZE];       /* "": newOrder was about to be sent */
    EVP_PKEY *key;                  /* of the certificate to come */
    unsigned resumed;               /* so many runs have gone on with it */
};
int vault_load_order(const struct vault *v, const struct acme_ids *ids, struct vault_order *ret);
int vault_put_order(const struct vault *v, const struct acme_ids *ids, const struct vault_order *o);
/* 0 also when there is none. */
int vault_drop_order(const struct vault *v, const struct acme_ids *ids);
void vault_order_done(struct vault_order *o);

/* ---- the text of state.json: state.h ---- */

/* free() the text. */
int vault_load_state(const char *folder, const struct acme_ids *ids, char **ret_text,
                     size_t *ret_len);
int vault_put_state(const struct vault *v, const struct acme_ids *ids, struct bytes text);
