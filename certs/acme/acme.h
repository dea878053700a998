/* acme.h: a certificate for a set of names from an ACME CA, and keeping it: everything that a run
 * of `visavis cert renew` does between the settings and the served pair.
 *
 * A run that is due goes through these, and ends at the first that fails: the CA's directory (and
 * by it the clock), the profile, CAA records, the self-check, the account, the order. Of the types
 * of challenge those are left out that the self-check or the CA finds wanting. A failure is kept
 * with the state, and the next try is put off (due.h). After one that the CA saw, the staging
 * server is asked before; only what it says of us counts, not troubles of its own. When the
 * self-check alone has stood in the way for days, the CA is asked to look for itself. */
#pragma once

#include "acme/challenger.h"
#include "acme/due.h"
#include "acme/issue.h"
#include "acme/vault.h"

struct acme_ca {
    const char *directory; /* URL; NULL: none */
    const char *eab_kid;   /* NULL: none */
    const char *eab_key;
};

struct acme_config {
    struct loop *loop;
    const char *folder; /* of the vault */
    struct acme_ids ids;
    struct acme_ca ca;
    struct acme_ca staging;  /* tried before, after a failure; and for ACME_TEST */
    struct acme_ca fallback; /* tried when ca failed fallback_after times in a row */
    unsigned fallback_after;
    const char *ca_file; /* to verify the servers by; NULL: the system's */
    const char *email;
    const char *user_agent;
    unsigned retry_ms; /* between requests that are repeated; 0: as client.h says */
    enum acme_key_type key_type;
    const char *profile; /* NULL: "shortlived" where IP addresses are asked for and the CA has it */
    bool profile_required;
    const char *preferred_chain;
    enum acme_challenge_type types[N_CHALLENGE_TYPES]; /* in order of preference */
    size_t n_types;
    const struct acme_challenger *const *challengers; /* ended by NULL */
    bool self_check;
    const char
        *resolver; /* "192.0.2.53" or with a port, for looks at the DNS; NULL: the system's */
    void (*tell)(bool is_problem, const char *text, void *arg); /* progress; a line each */
    void *arg;
};

enum acme_mode {
    ACME_IF_DUE, /* what a timer starts */
    ACME_NOW,    /* whatever the age and the failures before; what the CA forbids is obeyed */
    ACME_TEST,   /* all of it at the staging server; nothing is kept */
};

enum acme_end {
    ACME_NOT_DUE,
    ACME_WAITING, /* after a failure, until next_s */
    ACME_ISSUED,  /* the vault has a new pair (or, for ACME_TEST, could have) */
    ACME_FAILED,
};

struct acme_report {
    enum acme_end end;
    enum due_reason due;
    int64_t next_s;          /* when to come back; later than what is kept says when it could not
                                be noted what happened */
    struct acme_state state; /* as it is kept now; failure included */
};

/* 0, also when it failed: the end and the state tell (for ACME_TEST the state of the report alone).
 * A negative errno: the vault cannot be used (-EBUSY: another run), and nothing was tried; -EINTR:
 * somebody ended the loop, which counts as no try, and the next run goes on from there. */
int acme_run(const struct acme_config *c, enum acme_mode mode, struct acme_report *ret);

/* What is kept, without asking anybody. -ENOENT: nothing. */
int acme_look(const char *folder, const struct acme_ids *ids, struct acme_state *ret_state,
              struct due_pair *ret_pair, char ari_id[static ACME_ARI_ID_SIZE]);

/* When the next run is due, by what is kept. Of c the CAs alone matter. */
int64_t acme_next_s(const struct acme_config *c, const struct due_pair *p,
                    const struct acme_state *s, int64_t now_s);

/* Revokes the certificate of the set's pair by the account (RFC 8555 section 7.6); when the account
 * is gone, by the pair's own key. reason as in RFC 5280, -1 none. The pair stays in the vault,
 * marked so that the next run replaces it at once. -ENOENT: there is none; -EALREADY. */
int acme_revoke(const struct acme_config *c, int reason, struct acme_failure *f);
