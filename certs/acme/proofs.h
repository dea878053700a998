/* proofs.h: the proofs of one order: who can put them up, and that none is left behind. */
#pragma once

#include "acme/challenger.h"

struct proofs;

/* Asks the challengers (ended by NULL, they stay the caller's) what they can do for each
 * identifier; tell (may be NULL) hears why one cannot. -ENOMEM. */
int proofs_new(const struct acme_challenger *const *challengers, const struct acme_ids *ids,
               const EVP_PKEY *account_key, void (*tell)(const char *text, void *arg), void *arg,
               struct proofs **ret);

/* Withdraws what is up. */
struct proofs *proofs_free(struct proofs *p);

bool proofs_can(const struct proofs *p, size_t id, enum acme_challenge_type type);

/* Puts up the proof of a challenge for an identifier. 0, or an error and *f. */
int proofs_present(struct proofs *p, const struct acme_id *id, const struct acme_challenge *c,
                   struct acme_failure *f);
