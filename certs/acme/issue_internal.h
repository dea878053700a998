/* issue_internal.h: what issue.c (the course of an order) and issue_requests.c (its requests)
 * share. */
#pragma once

#include "acme/issue.h"
#include "acme/order.h"
#include "acme/proofs.h"

struct issue {
    struct acme_client *client;
    const struct issue_config *c;
    const struct acme_directory *directory;
    struct order *order;
    struct proofs *proofs;
    struct vault_order kept; /* as it is in the vault; its key is the certificate's */
    bool resumed;
    bool unusable;                 /* the order's certificate, and that was so before */
    enum acme_challenge_type type; /* of the last proof; N_CHALLENGE_TYPES: none */
    struct pair pair;              /* n == 0: none yet */
    struct acme_failure *f;
};

__attribute__((format(printf, 2, 3))) void issue_tell(const struct issue *s, const char *fmt, ...);

/* A step of our own that failed, with *s->f. Returns error. */
int issue_fail_local(const struct issue *s, enum acme_step step, int error, const char *what);

int issue_keep_order(struct issue *s);

/* Each does what order_next() said, and tells the order what came of it. 0, or an error and *s->f,
 * of which the order does not know yet. */
int issue_create(struct issue *s);
int issue_fetch(struct issue *s);
int issue_authz(struct issue *s, size_t i);
int issue_respond(struct issue *s, size_t i, size_t challenge);
int issue_finalize(struct issue *s);

/* Fills s->pair. */
int issue_download(struct issue *s);
