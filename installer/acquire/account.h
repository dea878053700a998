/* account.h: the accounts at the CAs of the settings: what is known of them, and changing them. */
#pragma once

#include "acme/account.h"
#include "acme/acme.h"

/* What is kept, without asking anybody. -ENOENT: none; -EINVAL, -EACCES. Free with
 * vault_account_done(). */
int acquire_account(const char *folder, const char *directory, struct vault_account *ret);

/* account_rollover() or account_deactivate() at ca. 0, or an error: f tells, or is FAILURE_NONE
 * when the vault could not be had. */
typedef int acquire_account_fn(struct acme_client *client, const struct vault *v,
                               const struct account_config *c, struct acme_failure *f);
int acquire_account_change(const struct acme_config *c, const struct acme_ca *ca,
                           acquire_account_fn *fn, struct acme_failure *f);
