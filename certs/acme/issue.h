/* issue.h: one order, from the account to a pair, with requests, proofs and files; the decisions
 * are order.h's. Whatever moment it is killed at, the next run goes on with the same order and key.
 */
#pragma once

#include "acme/challenger.h"
#include "acme/client.h"
#include "acme/csr.h"
#include "acme/vault.h"

struct issue_config {
    struct acme_ids ids;
    enum acme_key_type key_type;
    EVP_PKEY *account_key;
    const char *directory;       /* URL of the client's server */
    const char *profile;         /* NULL: none */
    const char *replaces;        /* ARI id of the pair to be replaced; NULL */
    const char *preferred_chain; /* NULL: the first */
    const char *roots_file;      /* for preferred_chain by a root's fingerprint; NULL: system's */
    enum acme_challenge_type types[N_CHALLENGE_TYPES]; /* in order of preference */
    size_t n_types;
    const struct acme_challenger *const *challengers; /* of these types; ended by NULL */
    const struct vault *vault; /* where the order under way is kept; NULL: nowhere (a dry run) */
    void (*tell)(const char *text, void *arg); /* progress, a line each; may be NULL */
    void *arg;
};

/* A pair for all the identifiers, checked. *ret_type: of the challenge that proved the last of them
 * (N_CHALLENGE_TYPES: none was needed). The order stays in the vault: it is dropped by the caller
 * once the pair is safe. */
int issue_run(struct acme_client *client, const struct issue_config *c, struct pair *ret,
              enum acme_challenge_type *ret_type, struct acme_failure *f);
