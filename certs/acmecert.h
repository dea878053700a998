/* acmecert.h: the pairs that an ACME CA issued for a set of names: a folder where `current` leads
 * to pairs/<n>/. They are put there by the library in certs/acme/; here the newest goes live. */
#pragma once

#include "certs/names.h"
#include "certs/report.h"
#include "certs/store.h"

#define ACMECERT_KEPT 2

/* Where the pairs are, below the folder. */
struct versions acmecert_versions(const char *folder);

/* Lets the live pair be the newest of the folder, or the better one of both as long as that cannot
 * be served as it is wanted: certs_ensure() in certs.h says how they are compared. names may hold
 * wildcards; host_names are the others of them. Without any, a self-signed pair goes live.
 * *ret_changed is set when there is another now. 0; -EINVAL: live is not as wanted, told why;
 * another error: told. */
int acmecert_ensure(const struct store *s, const char *folder, const char *const *names,
                    const struct names *host_names, int64_t now_s, struct report *r,
                    bool *ret_changed);

/* Those of names that are no wildcards, ended by NULL. */
void acmecert_host_names(const char *const *names, const char *ret[static CERTS_NAMES_MAX + 1]);
