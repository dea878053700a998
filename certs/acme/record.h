/* record.h: the TXT record of dns-01 (RFC 8555 section 8.4): where it belongs, and is it seen
 * there? Blocks; any thread. */
#pragma once

#include "acme/dns.h"
#include "acme/failure.h"
#include "acme/ids.h"

#include <stdatomic.h>

#define RECORD_NAME_SIZE 256

/* "_acme-challenge.example.org", for the wildcard below it too. -ENAMETOOLONG; -EINVAL: an IP. */
int record_name(const struct acme_id *id, char ret[static RECORD_NAME_SIZE]);

/* Where a look-up of name ends: itself, or the end of the CNAMEs that begin there. The name
 * itself when a resolver does not answer, or leads to what is no plain host name. */
void record_target(const struct dns_servers *resolver, const char *name,
                   char ret[static RECORD_NAME_SIZE]);

/* One name server in the eyes of the one who waits. */
enum record_sight {
    RECORD_SILENT,  /* it did not answer */
    RECORD_REFUSED, /* with an error: rcode */
    RECORD_ABSENT,  /* no TXT there */
    RECORD_OTHER,   /* with other values alone: n_values */
    RECORD_SEEN
};

struct record_server {
    struct addr address; /* family 0: the resolver */
    enum record_sight sight;
    unsigned n_silent; /* rounds in a row */
    int rcode;
    size_t n_values;
};

/* Servers that have not answered so many times in a row are not waited for: a CA has others to
 * ask, and not all of them can be reached from everywhere. */
#define RECORD_SILENT_MAX 3

/* Pure: what an answer says. */
void record_judge(struct record_server *s, int error, const struct dns_answer *a,
                  const char *value);

/* Pure: seen by all that are to be waited for, at least one. */
bool record_is_everywhere(const struct record_server *list, size_t n);

/* Pure: "192.0.2.53 has it; 192.0.2.54 has no TXT record there". Returns buf. */
const char *record_report(const struct record_server *list, size_t n, char *buf, size_t cap);

/* Until the value is seen at every name server of the zone that name is in (or by the resolver,
 * when these cannot be found out, or none of them answers); -ETIMEDOUT after limit_s, *f tells who
 * has it; -ECANCELED. */
int record_wait(const struct dns_servers *resolver, const char *name, const char *value,
                unsigned limit_s, const atomic_bool *cancelled, struct acme_failure *f);
