/* validate.h: can this key with these certificates be served for these names? No files. */
#pragma once

#include "certs/names.h"
#include "certs/pair.h"
#include "certs/report.h"

/* Where things came from, for the sentences. */
struct origin {
    const char *cert, *key; /* "/etc/visavis/owncert/certificate.cert" */
};

/* Reads both texts and puts the chain in order. 0, -EINVAL after faults, -ENOMEM; *ret is empty
 * then. */
int validate_read(struct bytes cert, struct bytes key, const struct origin *from, struct report *r,
                  struct pair *ret);

/* Tells every fault and everything worth mending. 0, or -EINVAL after faults. */
int validate_pair(struct pair *p, const struct names *names, const struct origin *from,
                  int64_t now_s, struct report *r);

/* Would a client that trusts ca accept the leaf for all the names at that time? Name constraints
 * included. */
bool validate_under_ca(X509 *leaf, X509 *ca, const struct names *names, int64_t now_s);

/* "CN=example.org,O=Example", with control characters escaped; returns text. */
const char *validate_name_text(const X509_NAME *name, char text[static CERTS_TEXT_MAX]);

/* "2027-01-31"; returns text. */
const char *validate_date_text(int64_t s, char text[static 16]);
