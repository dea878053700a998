/* caa.h: do the CAA records of a name let a CA issue (RFC 8659 section 4; accounts and methods: RFC
 * 8657)? Pure. */
#pragma once

#include "acme/dns.h"
#include "acme/wire.h"

struct caa_request {
    bool wildcard;
    const char (*issuers)[256]; /* how the CA names itself; one of them is enough */
    size_t n_issuers;
    const enum acme_challenge_type *types; /* one of them is enough */
    size_t n_types;                        /* 0: any */
    const char *account;                   /* NULL: not known, any will do */
};

enum caa_result {
    CAA_ALLOWED,
    CAA_OTHER_ISSUERS,
    CAA_OTHER_METHODS, /* the right issuer, but none of the types */
    CAA_OTHER_ACCOUNT,
    CAA_UNKNOWN, /* a critical tag that nobody knows */
};

/* Of the records of one name. text: what it is that forbids: the values of the records, or the tag;
 * "" when nobody at all is allowed. */
enum caa_result caa_judge(const struct dns_answer *records, const struct caa_request *rq,
                          char *text, size_t size);
