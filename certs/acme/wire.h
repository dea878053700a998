/* wire.h: the resources of RFC 8555 (and of RFC 9773, and the profiles extension) as JSON:
 * documents to structs, requests to text. Everything has a limit. Pure. */
#pragma once

#include "acme/ids.h"
#include "acme/problem.h"

#include <jansson.h>

#define ACME_URL_SIZE 1024
#define ACME_PROFILE_SIZE 64
#define ACME_PROFILES_MAX 16
#define ACME_CAA_MAX 8
#define ACME_BODY_MAX 262144 /* of an answer */

/* The parsers: 0, or -EBADMSG and in *ret_why what is wrong, a constant: "newOrder is missing".
 * *ret is complete or untouched. Texts for people are printable and cut when they are too long.
 * URLs are http:// or https:// and shorter than ACME_URL_SIZE. */

/* Is it such a URL? Of printable ASCII, with something where the host belongs. */
bool acme_is_url(const char *text);

struct acme_profile {
    char name[ACME_PROFILE_SIZE];
    char about[ACME_URL_SIZE]; /* what the CA says of it */
};

struct acme_directory {
    char new_nonce[ACME_URL_SIZE], new_account[ACME_URL_SIZE], new_order[ACME_URL_SIZE];
    char revoke_cert[ACME_URL_SIZE], key_change[ACME_URL_SIZE];
    char renewal_info[ACME_URL_SIZE]; /* "": the CA has no ARI */
    char terms[ACME_URL_SIZE];        /* "": none */
    bool eab_required;
    char caa[ACME_CAA_MAX][256]; /* caaIdentities */
    size_t n_caa;
    struct acme_profile profiles[ACME_PROFILES_MAX];
    size_t n_profiles;
};
int acme_directory_parse(struct bytes body, struct acme_directory *ret, const char **ret_why);

/* Of accounts, orders, authorisations and challenges (section 7.1.6). */
enum acme_status {
    ACME_PENDING,
    ACME_READY,
    ACME_PROCESSING,
    ACME_VALID,
    ACME_INVALID,
    ACME_DEACTIVATED,
    ACME_EXPIRED,
    ACME_REVOKED,
    N_ACME_STATUS
};
extern const char *const acme_status_names[N_ACME_STATUS];

struct acme_account {
    enum acme_status status;
    char contact[256]; /* the first; "": none */
};
int acme_account_parse(struct bytes body, struct acme_account *ret, const char **ret_why);

struct acme_order {
    enum acme_status status;
    int64_t expires_s; /* 0: not said */
    struct acme_ids ids;
    char authz[ACME_IDS_MAX][ACME_URL_SIZE];
    size_t n_authz;
    char finalize[ACME_URL_SIZE];
    char certificate[ACME_URL_SIZE]; /* "" as long as there is none */
    char profile[ACME_PROFILE_SIZE]; /* "": not said */
    struct acme_problem problem;     /* of an invalid one; type PROBLEM_NONE: none */
};
int acme_order_parse(struct bytes body, struct acme_order *ret, const char **ret_why);

enum acme_challenge_type {
    CHALLENGE_HTTP_01,
    CHALLENGE_TLS_ALPN_01,
    CHALLENGE_DNS_01,
    N_CHALLENGE_TYPES
};
extern const char *const acme_challenge_names[N_CHALLENGE_TYPES + 1]; /* ended by NULL */

struct acme_challenge {
    enum acme_challenge_type type;
    enum acme_status status;
    char url[ACME_URL_SIZE];
    char token[257]; /* characters of base64url alone (section 8) */
    struct acme_problem problem;
};

/* Challenges of types unknown to us are left out, and each beyond the first of a type. About 100
 * KiB, with the problems. */
#define ACME_CHALLENGES_MAX N_CHALLENGE_TYPES
struct acme_authz {
    enum acme_status status;
    struct acme_id id; /* a wildcard has its "*." */
    struct acme_challenge challenges[ACME_CHALLENGES_MAX];
    size_t n_challenges;
};
int acme_authz_parse(struct bytes body, struct acme_authz *ret, const char **ret_why);

struct acme_renewal_info {           /* RFC 9773 section 4.2 */
    int64_t start_s, end_s;          /* start < end */
    char explanation[ACME_URL_SIZE]; /* "": none */
};
int acme_renewal_info_parse(struct bytes body, struct acme_renewal_info *ret, const char **ret_why);

/* "2026-11-23T05:00:00.5Z", "...+01:00" (RFC 3339). -EBADMSG. */
int acme_time_parse(const char *text, int64_t *ret_s);

/* ---- requests; free() them; NULL without memory ---- */

/* email NULL or "": without contact. eab is taken over; may be NULL. */
char *acme_account_request(const char *email, bool only_existing, json_t *eab);
char *acme_contact_request(const char *email); /* of an account that is there */
char *acme_deactivate_request(void);           /* of accounts and authorisations */

/* profile and replaces may be NULL or "". */
char *acme_order_request(const struct acme_ids *ids, const char *profile, const char *replaces);
char *acme_finalize_request(struct bytes csr_der);

/* reason: RFC 5280 section 5.3.1; -1: none is given. */
char *acme_revoke_request(struct bytes certificate_der, int reason);
