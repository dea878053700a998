/* problem_table.h: the types of problems that are known, in one table. */
#pragma once

#include "acme/problem.h"

struct problem_def {
    const char *name; /* behind urn:ietf:params:acme:error:, and two of ours */
    const char *text; /* what the CA did or wants, without a final dot */
    const char *next; /* what to do now; "" */
};
extern const struct problem_def problem_defs[N_PROBLEM_TYPES];
