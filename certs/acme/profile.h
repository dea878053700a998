/* profile.h: which profile of certificate to ask a CA for. Pure. */
#pragma once

#include "acme/failure.h"
#include "acme/wire.h"

#define PROFILE_SHORTLIVED "shortlived"

struct profile_wish {
    const char *name; /* NULL or "": none; then PROFILE_SHORTLIVED for IP addresses, if offered */
    bool required;
};

/* 0: *ret is the name, "" to ask for none; remark is a sentence for the operator, or "". -ENOENT
 * and *f: it is required, and the CA does not offer it. */
int profile_choose(const struct profile_wish *wish, const struct acme_ids *ids,
                   const struct acme_directory *directory, char ret[static ACME_PROFILE_SIZE],
                   char *remark, size_t remark_size, struct acme_failure *f);
