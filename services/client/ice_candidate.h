/* ice_candidate.h: the text of a candidate (RFC 8839 section 5.1), as far as it is needed to reach
 * it. */
#pragma once

#include "base/addr.h"

struct ice_candidate {
    bool tcp; /* passive (RFC 6544); else UDP */
    struct addr addr;
};

/* -EBADMSG; -ENOTSUP: a name, another protocol, or a TCP candidate that cannot be connected to. */
int ice_candidate_parse(const char *text, struct ice_candidate *ret);
