/* challengers.h: those who show the proofs of challenges on this machine, as fit.h has chosen them.
 */
#pragma once

#include "acme/acme.h"
#include "acquire/fit.h"

struct challengers;

/* Looks at the machine. The settings and the config (loop, ids, user agent, resolver, tell) must
 * outlive it. -ENOENT: the group visavis-proxy does not exist. */
int challengers_new(const struct settings *s, const struct acme_config *c,
                    struct challengers **ret);

/* Gives ports that were taken back. NULL is fine; returns NULL. */
struct challengers *challengers_free(struct challengers *c);

/* For acme_config: ended by NULL, valid as long as c. */
const struct acme_challenger *const *challengers_list(const struct challengers *c);
