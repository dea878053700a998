/* owncert.h: the operator's own certificate: /etc/visavis/owncert/certificate.cert and .key. */
#pragma once

#include "certs/names.h"
#include "certs/report.h"
#include "certs/store.h"

#define OWNCERT_CERT "certificate.cert"
#define OWNCERT_KEY "certificate.key"

/* Lets the live pair be the one of the folder if that can be served. *ret_changed is set when there
 * is another now. 0; -EINVAL: it cannot, told why; another error: told. */
int owncert_ensure(const struct store *s, const char *folder, const struct names *names,
                   int64_t now_s, struct report *r, bool *ret_changed);

/* The paths of the two files. -ENAMETOOLONG. */
int owncert_paths(const char *folder, char cert[static PATH_MAX], char key[static PATH_MAX]);
