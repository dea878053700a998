/* account.h: the account at a CA (RFC 8555 section 7.3): made when it is needed, kept in the vault.
 * A certificate never waits for the contact: a CA that refuses it gets an account without, and the
 * operator a remark. */
#pragma once

#include "acme/client.h"
#include "acme/vault.h"

struct account_config {
    const char *directory;
    const char *email;                         /* NULL or "": without contact */
    const char *eab_kid;                       /* NULL or "": none */
    const char *eab_key;                       /* base64url, or base64 */
    void (*tell)(const char *text, void *arg); /* remarks, a line each; may be NULL */
    void *arg;
};

/* Lets the client sign for an account: the one of the vault (with another contact by now: updated),
 * or a new one. One that the CA does not know any more is registered again, with its key; in place
 * of one that was deactivated there is a new one, with a new key. A key change that was cut short
 * is brought to its end. The key is stored before the CA hears of it, so a kill at any moment costs
 * no second account. *ret must outlive what the client signs. vault NULL: the account lives for
 * this run alone. */
int account_ensure(struct acme_client *client, const struct vault *v,
                   const struct account_config *c, struct vault_account *ret,
                   struct acme_failure *f);

/* A new key in place of the old one (section 7.3.5). A kill in the middle leaves one that the CA
 * knows: the new one is kept beside before it is sent. The client has no account afterwards. */
int account_rollover(struct acme_client *client, const struct vault *v,
                     const struct account_config *c, struct acme_failure *f);

/* The CA forgets it (section 7.3.6); its files stay beside as `deactivated`. 0 also when the CA had
 * forgotten it before; -ENOENT and *f when there is none. The client has no account afterwards. */
int account_deactivate(struct acme_client *client, const struct vault *v,
                       const struct account_config *c, struct acme_failure *f);
