/* selfcheck.h: what can be known before anything is asked of a CA: which types of challenge can be
 * put up for which identifier, and are their proofs found? What was found is kept, so that the next
 * order of the same run costs no second look. */
#pragma once

#include "acme/acme.h"

struct selfcheck {
    const struct acme_config *c;
    /* of c->ids: not to be tried; in the form that issue.h takes, which adds to it */
    bool cannot[ACME_IDS_MAX][N_CHALLENGE_TYPES];
    bool checked[ACME_IDS_MAX][N_CHALLENGE_TYPES];
    bool lenient; /* what fails is told, and tried all the same: the CA may see more than we do */
};

/* Asks the challengers. 0; -EPERM and *f: an identifier that none can prove. */
int selfcheck_begin(struct selfcheck *s, const struct acme_config *c, struct acme_failure *f);

/* Do CAA records let that CA issue? account: its URL; NULL: not known. 0; -EPERM and *f. */
int selfcheck_caa(const struct selfcheck *s, const struct acme_directory *directory,
                  const char *account, struct acme_failure *f);

/* Finds for each identifier a type whose proof is seen, in order of preference; those that fail are
 * told and left out. 0; -EINTR: the loop was ended; another error, and *f: none is left. */
int selfcheck_proofs(struct selfcheck *s, struct acme_failure *f);

/* Does each identifier have a type that may be tried? */
bool selfcheck_has_all(const struct selfcheck *s);
