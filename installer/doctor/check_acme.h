/* check_acme.h: the checks about certificates of a CA, rows of check_certificates.c. */
#pragma once

#include "doctor/check.h"

/* What is kept of the last try. */
void check_acme_state(struct check_context *x);

/* Can a challenge be met at all, and is a proof of ours found through the public addresses? */
void check_acme_reach(struct check_context *x);
