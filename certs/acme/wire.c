#include "acme/wire.h"

#include "acme/calendar.h"
#include "acme/wire_read.h"

#include <errno.h>
#include <stdio.h>

#define BIT(status) (1U << (status))
#define ELEMENTS_MAX 64 /* of an array that is looked at whole */

const char *const acme_challenge_names[N_CHALLENGE_TYPES + 1] = {
    [CHALLENGE_HTTP_01] = "http-01",
    [CHALLENGE_TLS_ALPN_01] = "tls-alpn-01",
    [CHALLENGE_DNS_01] = "dns-01",
};

/* ---- directory ---- */

static void read_caa(const json_t *list, struct acme_directory *d)
{
    const json_t *one;
    size_t i;

    json_array_foreach (list, i, one) {
        size_t len = json_string_length(one);

        if (len > 0 && len < sizeof(d->caa[0]) && d->n_caa < ACME_CAA_MAX)
            read_text(one, d->caa[d->n_caa++], sizeof(d->caa[0]));
    }
}

static bool is_profile_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len >= ACME_PROFILE_SIZE)
        return false;
    for (; *name; name++)
        if (*name <= ' ' || *name > '~')
            return false;
    return true;
}

static void read_profiles(json_t *object, struct acme_directory *d)
{
    const char *name;
    json_t *about;

    json_object_foreach (object, name, about) {
        if (!is_profile_name(name) || d->n_profiles == ACME_PROFILES_MAX)
            continue;
        snprintf(d->profiles[d->n_profiles].name, ACME_PROFILE_SIZE, "%s", name);
        read_text(about, d->profiles[d->n_profiles].about, ACME_URL_SIZE);
        d->n_profiles++;
    }
}

/* What is about people or is not known to us does not matter so much that an odd entry would make
 * the CA unusable. */
static void read_meta(const json_t *meta, struct acme_directory *d)
{
    struct reading terms = {.why = NULL};

    READ_URL(&terms, meta, "termsOfService", true, d->terms);
    d->eab_required = json_is_true(json_object_get(meta, "externalAccountRequired"));
    read_caa(json_object_get(meta, "caaIdentities"), d);
    read_profiles(json_object_get(meta, "profiles"), d);
}

int acme_directory_parse(struct bytes body, struct acme_directory *ret, const char **ret_why)
{
    struct acme_directory d = {.n_caa = 0};
    struct reading r = {.why = NULL};
    json_t *root = read_body(&r, body);

    READ_URL(&r, root, "newNonce", false, d.new_nonce);
    READ_URL(&r, root, "newAccount", false, d.new_account);
    READ_URL(&r, root, "newOrder", false, d.new_order);
    READ_URL(&r, root, "revokeCert", true, d.revoke_cert);
    READ_URL(&r, root, "keyChange", true, d.key_change);
    READ_URL(&r, root, "renewalInfo", true, d.renewal_info);
    read_meta(json_object_get(root, "meta"), &d);
    json_decref(root);
    if (!r.why)
        *ret = d;
    return read_finish(&r, ret_why);
}

/* ---- account ---- */

int acme_account_parse(struct bytes body, struct acme_account *ret, const char **ret_why)
{
    struct acme_account a = {.contact = ""};
    struct reading r = {.why = NULL};
    json_t *root = read_body(&r, body);

    a.status = read_status(&r, root, BIT(ACME_VALID) | BIT(ACME_DEACTIVATED) | BIT(ACME_REVOKED));
    read_text(json_array_get(json_object_get(root, "contact"), 0), a.contact, sizeof(a.contact));
    json_decref(root);
    if (!r.why)
        *ret = a;
    return read_finish(&r, ret_why);
}

/* ---- order ---- */

static void read_ids(struct reading *r, const json_t *list, struct acme_ids *ids)
{
    const json_t *one;
    size_t i;

    if (json_array_size(list) == 0)
        read_fail(r, "identifiers is missing");
    if (json_array_size(list) > ACME_IDS_MAX)
        read_fail(r, "identifiers has too many elements");
    json_array_foreach (list, i, one) {
        if (r->why)
            return;
        read_id(r, one, false, &ids->list[i]);
        for (size_t k = 0; k < i; k++)
            if (strcmp(ids->list[k].text, ids->list[i].text) == 0)
                read_fail(r, "identifiers has an element twice");
        ids->n = i + 1;
    }
}

static void read_authorizations(struct reading *r, const json_t *list, struct acme_order *o)
{
    const json_t *one;
    size_t i;

    if (!json_is_array(list))
        read_fail(r, "authorizations is missing");
    if (json_array_size(list) > ACME_IDS_MAX)
        read_fail(r, "authorizations has too many elements");
    json_array_foreach (list, i, one) {
        if (r->why)
            return;
        read_url(r, one, false, o->authz[i], "authorizations has an element of null",
                 "authorizations has what is no http:// or https:// URL");
        for (size_t k = 0; k < i; k++)
            if (strcmp(o->authz[k], o->authz[i]) == 0)
                read_fail(r, "authorizations has an element twice");
        o->n_authz = i + 1;
    }
}

static void read_time(struct reading *r, const json_t *v, const char *wrong, int64_t *ret_s)
{
    const char *text = json_string_value(v);

    if (!text || acme_time_parse(text, ret_s) < 0)
        read_fail(r, wrong);
}

static void read_order(struct reading *r, const json_t *root, struct acme_order *o)
{
    const json_t *expires = json_object_get(root, "expires");

    o->status = read_status(r, root,
                            BIT(ACME_PENDING) | BIT(ACME_READY) | BIT(ACME_PROCESSING) |
                                BIT(ACME_VALID) | BIT(ACME_INVALID));
    if (expires && !json_is_null(expires))
        read_time(r, expires, "expires is no time of RFC 3339", &o->expires_s);
    read_ids(r, json_object_get(root, "identifiers"), &o->ids);
    read_authorizations(r, json_object_get(root, "authorizations"), o);
    READ_URL(r, root, "finalize", false, o->finalize);
    READ_URL(r, root, "certificate", true, o->certificate);
    read_text(json_object_get(root, "profile"), o->profile, sizeof(o->profile));
    read_problem_of(r, json_object_get(root, "error"), &o->problem);
}

int acme_order_parse(struct bytes body, struct acme_order *ret, const char **ret_why)
{
    struct acme_order o = {.n_authz = 0};
    struct reading r = {.why = NULL};
    json_t *root = read_body(&r, body);

    if (root)
        read_order(&r, root, &o);
    json_decref(root);
    if (!r.why)
        *ret = o;
    return read_finish(&r, ret_why);
}

/* ---- authorisation ---- */

static enum acme_challenge_type challenge_type(const json_t *challenge)
{
    const char *type = json_string_value(json_object_get(challenge, "type"));
    unsigned i = 0;

    while (i < N_CHALLENGE_TYPES && (!type || strcmp(type, acme_challenge_names[i]) != 0))
        i++;
    return (enum acme_challenge_type) i;
}

static void read_token(struct reading *r, const json_t *v, char *ret, size_t cap)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *token = json_string_value(v);

    if (!token || !*token)
        read_fail(r, "a challenge is without token");
    else if (strlen(token) >= cap)
        read_fail(r, "the token of a challenge is longer than 256 characters");
    else if (token[strspn(token, alphabet)])
        read_fail(r, "the token of a challenge has characters beyond base64url");
    else
        snprintf(ret, cap, "%s", token);
}

static void read_challenge(struct reading *r, const json_t *v, struct acme_challenge *c)
{
    c->status = read_status(
        r, v, BIT(ACME_PENDING) | BIT(ACME_PROCESSING) | BIT(ACME_VALID) | BIT(ACME_INVALID));
    READ_URL(r, v, "url", false, c->url);
    read_token(r, json_object_get(v, "token"), c->token, sizeof(c->token));
    read_problem_of(r, json_object_get(v, "error"), &c->problem);
}

static bool has_type(const struct acme_authz *a, enum acme_challenge_type type)
{
    for (size_t i = 0; i < a->n_challenges; i++)
        if (a->challenges[i].type == type)
            return true;
    return false;
}

static void read_challenges(struct reading *r, const json_t *list, struct acme_authz *a)
{
    const json_t *one;
    size_t i;

    if (!json_is_array(list))
        read_fail(r, "challenges is missing");
    if (json_array_size(list) > ELEMENTS_MAX)
        read_fail(r, "challenges has too many elements");
    json_array_foreach (list, i, one) {
        enum acme_challenge_type type = challenge_type(one);

        if (r->why)
            return;
        if (type == N_CHALLENGE_TYPES || has_type(a, type))
            continue;
        a->challenges[a->n_challenges].type = type;
        read_challenge(r, one, &a->challenges[a->n_challenges++]);
    }
}

int acme_authz_parse(struct bytes body, struct acme_authz *ret, const char **ret_why)
{
    struct acme_authz a = {.n_challenges = 0};
    struct reading r = {.why = NULL};
    json_t *root = read_body(&r, body);
    bool is_wildcard = json_is_true(json_object_get(root, "wildcard"));

    a.status = read_status(&r, root,
                           BIT(ACME_PENDING) | BIT(ACME_VALID) | BIT(ACME_INVALID) |
                               BIT(ACME_DEACTIVATED) | BIT(ACME_EXPIRED) | BIT(ACME_REVOKED));
    read_id(&r, json_object_get(root, "identifier"), is_wildcard, &a.id);
    read_challenges(&r, json_object_get(root, "challenges"), &a);
    json_decref(root);
    if (!r.why)
        *ret = a;
    return read_finish(&r, ret_why);
}

/* ---- renewal information ---- */

int acme_renewal_info_parse(struct bytes body, struct acme_renewal_info *ret, const char **ret_why)
{
    struct acme_renewal_info i = {.start_s = 0};
    struct reading r = {.why = NULL}, url = {.why = NULL};
    json_t *root = read_body(&r, body);
    const json_t *window = json_object_get(root, "suggestedWindow");

    if (!json_is_object(window))
        read_fail(&r, "suggestedWindow is missing");
    read_time(&r, json_object_get(window, "start"), "start is no time of RFC 3339", &i.start_s);
    read_time(&r, json_object_get(window, "end"), "end is no time of RFC 3339", &i.end_s);
    if (i.start_s >= i.end_s)
        read_fail(&r, "the window ends before it begins");
    READ_URL(&url, root, "explanationURL", true, i.explanation);
    json_decref(root);
    if (!r.why)
        *ret = i;
    return read_finish(&r, ret_why);
}

/* ---- time ---- */

/* So many digits; -1: there are others. */
static int digits(const char **p, size_t n)
{
    int v = 0;

    for (; n > 0; n--, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        v = v * 10 + (**p - '0');
    }
    return v;
}

/* digits, each number followed by its character of marks, "" for none; false: others. */
static bool fields(const char **p, const char *marks, unsigned *const *values)
{
    for (size_t i = 0; values[i]; i++) {
        int v = digits(p, i == 0 && marks[0] == '-' ? 4 : 2);

        if (v < 0)
            return false;
        *values[i] = (unsigned) v;
        if (marks[i] && *(*p)++ != marks[i])
            return false;
    }
    return true;
}

/* "Z", "+01:00": seconds to take off. */
static int read_zone(const char *p, int64_t *ret_s)
{
    bool is_west = *p == '-';
    unsigned hours = 0, minutes = 0;

    if ((*p == 'Z' || *p == 'z') && p[1] == '\0') {
        *ret_s = 0;
        return 0;
    }
    if (*p != '+' && *p != '-')
        return -EBADMSG;
    p++;
    if (!fields(&p, ":", (unsigned *const[]){&hours, &minutes, NULL}) || *p || hours > 23 ||
        minutes > 59)
        return -EBADMSG;
    *ret_s = (int64_t) (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
    return 0;
}

int acme_time_parse(const char *text, int64_t *ret_s)
{
    struct calendar c = {.year = 0};
    int64_t local = 0, zone = 0;
    const char *p = text;

    if (!fields(&p, "--", (unsigned *const[]){&c.year, &c.month, &c.day, NULL}) ||
        (*p != 'T' && *p != 't'))
        return -EBADMSG;
    p++;
    if (!fields(&p, "::", (unsigned *const[]){&c.hour, &c.minute, &c.second, NULL}))
        return -EBADMSG;
    if (*p == '.') {
        size_t n = strspn(++p, "0123456789");

        if (n == 0)
            return -EBADMSG;
        p += n;
    }
    if (read_zone(p, &zone) < 0 || calendar_seconds(&c, &local) < 0)
        return -EBADMSG;
    *ret_s = local - zone;
    return 0;
}
