/* ids.h: the identifiers of a certificate in one form that can be compared: host names, wildcards
 * (RFC 8555 section 7.1.3) and IP addresses (RFC 8738). Pure. */
#pragma once

#include "certs/names.h"

#define ACME_IDS_MAX CERTS_NAMES_MAX

struct acme_id {
    bool is_ip;
    bool is_wildcard;
    /* "example.org", "*.example.org" in lower case, without a final dot; an IP address as
     * inet_ntop() writes it */
    char text[NAME_TEXT_MAX];
};

struct acme_ids {
    struct acme_id list[ACME_IDS_MAX];
    size_t n;
};

/* One of them. -EBADMSG: neither, or a wildcard that is not the first whole label. */
int acme_id_parse(const char *text, struct acme_id *ret);

/* A list ended by NULL, in its order, each counted once. -EBADMSG: *ret_bad is the culprit (NULL:
 * the list is empty); -E2BIG. */
int acme_ids_parse(const char *const *list, struct acme_ids *ret, const char **ret_bad);

/* The same ones, in whatever order. */
bool acme_ids_same(const struct acme_ids *a, const struct acme_ids *b);

/* Is that the one? text as a CA writes it: case and the form of an IPv6 address do not matter. */
bool acme_id_is(const struct acme_id *id, bool is_ip, const char *text);

/* For subjectAltName; a wildcard is the text that it is, and not for name_is_covered(). */
void acme_ids_names(const struct acme_ids *ids, struct names *ret);

/* A name for a folder: the first identifier, readable, and a hash of them all; the order does not
 * matter beyond the first. Letters, digits, '.', '-', '_' alone. Returns buf. */
#define ACME_IDS_FOLDER_SIZE 96
const char *acme_ids_folder(const struct acme_ids *ids, char buf[static ACME_IDS_FOLDER_SIZE]);
