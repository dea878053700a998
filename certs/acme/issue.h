/* issue.h: one order, from the account to a pair, with requests, proofs and files; the decisions
 * are order.h's. Whatever moment it is killed at, the next run goes on with the same order and key,
 * or, when it was killed between newOrder and its answer, with the same key.
 *
 * An order under way that is of no use any more (expired, for another profile or kind of key, its
 * certificate in use already, not known to the CA, in vain so often) is replaced by a new one.
 * Requests whose answer is lost are repeated once it is known that they were not carried out;
 * newOrder, where that cannot be known, once. Proofs are withdrawn at the end, whatever it is. */
#pragma once

#include "acme/challenger.h"
#include "acme/client.h"
#include "acme/csr.h"
#include "acme/vault.h"

/* So many runs go on with an order; one that only fails is given up then. */
#define ISSUE_RESUMES_MAX 5

struct issue_config {
    struct acme_ids ids;
    enum acme_key_type key_type;
    EVP_PKEY *account_key;
    const char *directory;       /* URL of the client's server */
    const char *profile;         /* NULL or "": none */
    const char *replaces;        /* ARI id of the pair to be replaced; NULL or "": none */
    const char *preferred_chain; /* NULL or "": the first */
    const char *roots_file;      /* for preferred_chain by a root's fingerprint; NULL: system's */
    enum acme_challenge_type types[N_CHALLENGE_TYPES]; /* in order of preference */
    size_t n_types;
    const struct acme_challenger *const *challengers; /* of these types; ended by NULL */

    /* Of each identifier: types that are not to be tried. Those whose proof the CA did not find are
     * added, so that the next order may be made with others. NULL: none. */
    bool (*cannot)[N_CHALLENGE_TYPES];

    const struct vault *vault; /* where the order under way is kept; NULL: nowhere (a dry run) */
    void (*tell)(const char *text, void *arg); /* progress, a line each; may be NULL */
    void *arg;
};

/* A pair for all the identifiers, checked. *ret_type: of the challenge that proved the last of them
 * (N_CHALLENGE_TYPES: none was needed). The order stays in the vault: it is dropped by the caller
 * once the pair is safe. After a failure it stays when it can be gone on with. */
int issue_run(struct acme_client *client, const struct issue_config *c, struct pair *ret,
              enum acme_challenge_type *ret_type, struct acme_failure *f);
