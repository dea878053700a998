#include "acme/caa.h"
#include "acme/dns_message.h"
#include "acme/reach_internal.h"

#include <errno.h>
#include <stdio.h>

#define DNS_LIMIT_MS 10000

/* The records of the name, or of the first name above it that has any (RFC 8659 section 3). NULL:
 * there are none. */
static const char *find_records(const struct reach_config *c, const char *name,
                                struct dns_answer *ret)
{
    char asked[REACH_ASKED_SIZE];

    for (; name; name = dns_name_parent(name)) {
        int r = dns_ask(c->resolver, name, DNS_CAA, DNS_LIMIT_MS, ret);

        if (r < 0 || (ret->rcode != 0 && ret->rcode != DNS_NXDOMAIN)) {
            reach_remark(c,
                         "The DNS (asked %s) does not tell the CAA records of %s: %s. A CA that "
                         "cannot have them either issues nothing.",
                         reach_asked(c, asked), name,
                         r < 0                        ? strerror(-r)
                         : ret->rcode == DNS_SERVFAIL ? "SERVFAIL"
                                                      : "it refuses");
            return NULL;
        }
        if (ret->n > 0)
            return name;
    }
    return NULL;
}

static void tell(struct acme_failure *f, const char *zone, enum caa_result result,
                 const struct caa_request *rq, const char *text)
{
    const char *tag = rq->wildcard ? "issuewild" : "issue";

    switch (result) {
    case CAA_UNKNOWN:
        failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, 0, zone,
                    "CAA of %s has a critical record \"%s\", which forbids every CA that does not "
                    "know it",
                    zone, text);
        failure_next(f, "Remove that record, or its critical flag (128).");
        break;
    case CAA_OTHER_METHODS:
        failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, 0, zone,
                    "CAA of %s allows other methods of proof alone: %s", zone, text);
        failure_next(f,
                     "Set ACME_CHALLENGE to a method of `validationmethods`, or add ours there.");
        break;
    case CAA_OTHER_ACCOUNT:
        failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, 0, zone,
                    "CAA of %s allows another account at the CA alone: %s", zone, text);
        failure_next(f, "Add `0 %s \"%s; accounturi=%s\"` to the CAA records of %s.", tag,
                     rq->issuers[0], rq->account, zone);
        break;
    default:
        failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, 0, zone, "CAA of %s allows %s%s", zone,
                    *text ? "only " : "nobody to issue certificates", text);
        failure_next(f, "Add `0 %s \"%s\"` to the CAA records of %s.", tag, rq->issuers[0], zone);
    }
}

int reach_caa(const struct reach_config *c, const struct acme_id *id, const char (*issuers)[256],
              size_t n_issuers, struct acme_failure *f)
{
    struct caa_request rq = {.wildcard = id->is_wildcard,
                             .issuers = issuers,
                             .n_issuers = n_issuers,
                             .types = c->types,
                             .n_types = c->n_types,
                             .account = c->account};
    enum caa_result result;
    struct dns_answer records;
    const char *zone;
    char text[512];

    if (id->is_ip)
        return 0; /* RFC 8738: there is no CAA for them */
    zone = find_records(c, id->text + (id->is_wildcard ? 2 : 0), &records);
    if (!zone)
        return 0;
    if (n_issuers == 0) {
        reach_remark(c, "%s has CAA records, but the CA does not say what it is called there.",
                     zone);
        return 0;
    }
    result = caa_judge(&records, &rq, text, sizeof(text));
    if (result == CAA_ALLOWED)
        return 0;
    tell(f, zone, result, &rq, text);
    return -EPERM;
}
