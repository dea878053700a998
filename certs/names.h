/* names.h: the host names and IP addresses of a certificate, in one form that can be compared. */
#pragma once

#include "base/addr.h"
#include "certs/certs.h"

#include <openssl/x509v3.h>

#define NAME_TEXT_MAX 256

struct name {
    bool is_ip;
    struct addr ip;           /* port 0 */
    char text[NAME_TEXT_MAX]; /* a host name in lower case without a final dot; an IP as it is
                                 written by inet_ntop() */
};

struct names {
    struct name list[CERTS_NAMES_MAX];
    size_t n;
};

/* -EBADMSG: neither an IP nor a host name of letters, digits, hyphens and underscores. */
int name_parse(const char *text, struct name *ret);

/* A list ended by NULL; a name that is repeated counts once. -EBADMSG: *ret_bad is the name (NULL:
 * the list is empty); -E2BIG. */
int names_parse(const char *const *list, struct names *ret, const char **ret_bad);

/* As subjectAltName, to be freed; NULL without memory. */
GENERAL_NAMES *names_to_san(const struct names *n);

/* Those of n that this CA may speak for by its name constraints, in *ret. -EPERM: the first of n,
 * or a host name, is not among them. -ENOMEM. */
int names_within(const struct names *n, const X509 *ca, struct names *ret);

/* Has the certificate exactly these names? */
bool names_same(const struct names *n, const X509 *cert);

/* Is the certificate good for that name, as browsers see it: by subjectAltName alone, a wildcard
 * for one whole label. */
bool name_is_covered(const struct name *n, X509 *cert);

/* The names of a certificate as texts, ended by NULL; names_free_texts(). -ENOMEM. Characters that
 * do not belong in a name are shown as '?'. */
int names_texts(const X509 *cert, char ***ret_list);
void names_free_texts(char **list);

/* The same as "a.example.org, b.example.org", cut where it is too long; "" when there are none.
 * Returns text. */
const char *names_list(const X509 *cert, char *text, size_t size);
