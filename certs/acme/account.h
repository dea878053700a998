/* account.h: the account at a CA (RFC 8555 section 7.3): made when it is needed, kept in the vault.
 */
#pragma once

#include "acme/client.h"
#include "acme/vault.h"

struct account_config {
    const char *directory;
    const char *email;   /* NULL or "": without contact */
    const char *eab_kid; /* NULL: none */
    const char *eab_key; /* base64url */
};

/* Lets the client sign for an account: the one of the vault (with another contact by now: updated),
 * or a new one. One that the CA does not know any more is registered again, with its key. vault
 * NULL: the account lives for this run alone. */
int account_ensure(struct acme_client *client, const struct vault *v,
                   const struct account_config *c, struct vault_account *ret,
                   struct acme_failure *f);

/* A new key in place of the old one (section 7.3.5). A kill in the middle leaves one that the CA
 * knows: the new one is kept beside before it is sent. */
int account_rollover(struct acme_client *client, const struct vault *v,
                     const struct account_config *c, struct acme_failure *f);

/* The CA forgets it (section 7.3.6); its files stay beside as `deactivated`. */
int account_deactivate(struct acme_client *client, const struct vault *v,
                       const struct account_config *c, struct acme_failure *f);
