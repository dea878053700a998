/* challenger.h: those who can put up the proof of a challenge. */
#pragma once

#include "acme/failure.h"
#include "acme/jws.h"
#include "acme/wire.h"

struct acme_proof {
    enum acme_challenge_type type;
    const struct acme_id *id;
    const char *token;
    const char *key_authorization;
};

struct acme_challenger {
    enum acme_challenge_type type;

    /* Can it for that identifier, on this machine, now? false: why is a sentence. */
    bool (*can)(void *arg, const struct acme_id *id, char *why, size_t why_size);

    /* Lets the CA find the proof from now on, until it is withdrawn. May run the loop. 0 or an
     * error and *f. */
    int (*present)(void *arg, const struct acme_proof *proof, struct acme_failure *f);

    /* Whatever present() left; also after it failed. */
    void (*withdraw)(void *arg, const struct acme_proof *proof);

    /* Tries what the CA will do, with a proof of our own that is up already, from this machine
     * through the public addresses. 0, or an error and *f naming the hop. NULL: cannot be tried
     * before. */
    int (*check)(void *arg, const struct acme_proof *proof, struct acme_failure *f);

    void *arg;
};
