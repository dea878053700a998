#include "certs/selfsigned.h"

#include "certs/issue.h"
#include "certs/key.h"
#include "certs/validate.h"

#include <errno.h>
#include <openssl/x509.h>
#include <unistd.h>

#define DAY_S 86400
#define MACHINE_MAX 65

/* Before this a clock has never been set: machines without a battery begin in 1970. */
#define CLOCK_FLOOR_S 1767225600 /* 2026-01-01 */

/* ---- is the live one good? ---- */

static bool is_due(const struct pair *live, int64_t now_s)
{
    int64_t begin = time_of(X509_get0_notBefore(live->chain[0]));
    int64_t end = time_of(X509_get0_notAfter(live->chain[0]));

    return now_s >= begin + (end - begin) / 3 * 2;
}

/* A clock that went back is no reason to make anything: all of it would be wrong once the clock is
 * right again. */
static bool is_of_the_future(const struct pair *live, int64_t now_s, struct report *r)
{
    int64_t begin = time_of(X509_get0_notBefore(live->chain[0]));
    char today[16], date[16];

    if (now_s >= begin)
        return false;
    report_warning(r,
                   "The certificate being served is valid from %s only, and this machine's clock "
                   "says %s. If the clock is wrong: `timedatectl set-ntp true`. If it was wrong "
                   "when the certificate was made: `visavis cert renew --force`",
                   validate_date_text(begin, date), validate_date_text(now_s, today));
    return true;
}

static bool is_good(const struct pair *live, const struct names *names, int64_t now_s,
                    struct report *r)
{
    struct names within;

    if (!live->ca || names_within(names, live->ca, &within) < 0 ||
        !names_same(&within, live->chain[0]))
        return false;
    if (is_of_the_future(live, now_s, r))
        return true;
    return !is_due(live, now_s) && validate_under_ca(live->chain[0], live->ca, &within, now_s);
}

/* ---- making one ---- */

/* The name of this machine, for people. */
static const char *machine_name(char text[static MACHINE_MAX])
{
    text[MACHINE_MAX - 1] = '\0';
    if (gethostname(text, MACHINE_MAX - 1) < 0 || !text[0])
        memcpy(text, "localhost", sizeof("localhost"));
    for (char *p = text; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    return text;
}

/* A leaf of this CA, if clients that trust the CA will accept it for its whole life. */
static X509 *leaf_of(const struct ca *ca, EVP_PKEY *key, const struct names *names, int64_t now_s)
{
    struct names within;
    X509 *leaf;

    if (time_of(X509_get0_notAfter(ca->cert)) < now_s + (int64_t) LEAF_DAYS * DAY_S ||
        names_within(names, ca->cert, &within) < 0)
        return NULL;
    leaf = issue_leaf(key, &within, ca->cert, ca->key, now_s);
    if (leaf && !validate_under_ca(leaf, ca->cert, &within, now_s)) {
        X509_free(leaf);
        leaf = NULL;
    }
    return leaf;
}

static X509 *leaf_of_new_ca(EVP_PKEY *key, const struct names *names, int64_t now_s,
                            struct ca *ret_ca)
{
    struct ca ca = {.key = key_new()};
    char machine[MACHINE_MAX];
    X509 *leaf = NULL;

    if (ca.key)
        ca.cert = issue_ca(ca.key, names, machine_name(machine), now_s);
    if (ca.cert)
        leaf = leaf_of(&ca, key, names, now_s);
    if (leaf)
        *ret_ca = ca;
    else
        ca_done(&ca);
    return leaf;
}

/* A leaf by the first of the CAs that can, or by a new one. *ret_ca belongs to the caller;
 * *ret_is_other: it is not the one that was in force. */
static X509 *choose(struct ca *cas, size_t n, EVP_PKEY *key, const struct names *names,
                    int64_t now_s, struct ca *ret_ca, bool *ret_is_other)
{
    for (size_t i = 0; i < n; i++) {
        X509 *leaf = leaf_of(&cas[i], key, names, now_s);

        if (!leaf)
            continue;
        *ret_ca = cas[i];
        cas[i] = (struct ca){.cert = NULL};
        *ret_is_other = !ret_ca->in_force;
        return leaf;
    }
    *ret_is_other = true;
    return leaf_of_new_ca(key, names, now_s, ret_ca);
}

/* before: the CA that visitors may trust so far; NULL: none. */
static void tell_ca(const X509 *ca, const X509 *before, const struct names *names, struct report *r)
{
    char subject[CERTS_TEXT_MAX];

    validate_name_text(X509_get_subject_name(ca), subject);
    if (!before)
        report_news(r,
                    "A local CA signs from now on: %s. Visitors are warned until they trust it: "
                    "`visavis cert trust`",
                    subject);
    else if (X509_cmp(ca, before) != 0)
        report_warning(r,
                       "ANOTHER LOCAL CA signs from now on: %s. The one before was not good for %s "
                       "(or is about to expire). Every device that trusted that one must be told "
                       "to trust this one: `visavis cert trust`",
                       subject, names->list[0].text);
}

/* Addresses that the CA may not speak for: nobody misses them, unless told. */
static void tell_left_out(const X509 *ca, const struct names *names, struct report *r)
{
    struct names within;

    if (names_within(names, ca, &within) < 0)
        return;
    for (size_t i = 0, k = 0; i < names->n; i++) {
        if (k < within.n && strcmp(names->list[i].text, within.list[k].text) == 0)
            k++;
        else
            report_news(r,
                        "The certificate is not for %s, because the local CA was made before that "
                        "address was there. Where it is needed: `visavis cert renew --new-ca`, and "
                        "every device must trust the new CA.",
                        names->list[i].text);
    }
}

static int make(const struct store *s, const struct names *names, const struct pair *live,
                enum selfsigned_anew anew, int64_t now_s, struct report *r)
{
    struct ca cas[STORE_CAS_MAX], ca = {.cert = NULL};
    struct pair p = {.key = key_new()};
    size_t n = store_load_cas(s, cas);
    bool is_other = false;
    char date[16];
    int error = -ENOMEM;

    if (p.key)
        p.chain[0] = choose(cas, anew == ANEW_CA ? 0 : n, p.key, names, now_s, &ca, &is_other);
    if (p.chain[0]) {
        p.n = 1;
        p.ca = ca.cert;
        error = is_other ? store_put_ca(s, &ca) : 0;
        if (error == 0)
            error = store_put_pair(s, &p);
    }
    if (error == 0) {
        tell_ca(p.ca, live->ca, names, r);
        tell_left_out(p.ca, names, r);
        report_news(r, "A self-signed certificate for %s was made, valid until %s.",
                    names->list[0].text,
                    validate_date_text(time_of(X509_get0_notAfter(p.chain[0])), date));
    }
    p.ca = NULL; /* is ca's */
    pair_done(&p);
    ca_done(&ca);
    for (size_t i = 0; i < n; i++)
        ca_done(&cas[i]);
    return error;
}

int selfsigned_ensure(const struct store *s, const struct names *names, int64_t now_s,
                      enum selfsigned_anew anew, struct report *r, bool *ret_changed)
{
    struct pair live;
    bool good = store_load_live(s->path, &live) == 0 && is_good(&live, names, now_s, r);
    char today[16];
    int error = 0;

    if (good && anew == ANEW_IF_DUE)
        goto out;
    if (now_s < CLOCK_FLOOR_S) {
        report_warning(r,
                       "This machine's clock says %s, which cannot be; the certificate made now "
                       "begins later. `timedatectl set-ntp true` sets it.",
                       validate_date_text(now_s, today));
        now_s = CLOCK_FLOOR_S + BACKDATE_S;
    }
    error = make(s, names, &live, anew, now_s, r);
    if (error < 0)
        report_fault(r,
                     "No self-signed certificate could be made in %s: %s. `df -h %s` and `ls -l "
                     "%s` show whether it can be written.",
                     s->path, strerror(-error), s->path, s->path);
    else
        *ret_changed = true;
out:
    pair_done(&live);
    return error;
}
