#include "certs/acmecert.h"

#include "certs/issue.h"
#include "certs/selfsigned.h"
#include "certs/validate.h"

#include <errno.h>
#include <openssl/x509.h>
#include <strings.h>

struct versions acmecert_versions(const char *folder)
{
    return (struct versions){
        .base = folder,
        .folder = "pairs",
        .link = "current",
        .access = {0700, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER},
        .keep = ACMECERT_KEPT,
    };
}

static bool is_wildcard(const char *name)
{
    return name[0] == '*';
}

void acmecert_host_names(const char *const *names, const char *ret[static CERTS_NAMES_MAX + 1])
{
    size_t n = 0;

    for (; *names && n < CERTS_NAMES_MAX; names++)
        if (!is_wildcard(*names))
            ret[n++] = *names;
    ret[n] = NULL;
}

/* ---- which pair is better? ---- */

enum worth {
    WORTH_NONE,    /* there is none, or it is not for the first name */
    WORTH_REFUSED, /* by browsers: expired, or self-signed */
    WORTH_MAIN,    /* good for the first name */
    WORTH_WANTED,  /* good for all of them */
};

static bool has_text(X509 *cert, const char *name)
{
    char **list;
    bool has = false;

    if (names_texts(cert, &list) < 0)
        return false;
    for (char **p = list; !has && *p; p++)
        has = strcasecmp(*p, name) == 0;
    names_free_texts(list);
    return has;
}

static bool covers_all(X509 *cert, const char *const *names, const struct names *host_names)
{
    for (size_t i = 0; i < host_names->n; i++)
        if (!name_is_covered(&host_names->list[i], cert))
            return false;
    for (; *names; names++)
        if (is_wildcard(*names) && !has_text(cert, *names))
            return false;
    return true;
}

/* One that begins in the future passes: a CA's clock is right, so it is ours that is wrong. */
static enum worth worth_of(const struct pair *p, const char *const *names,
                           const struct names *host_names, int64_t now_s)
{
    X509 *leaf = p->n > 0 ? p->chain[0] : NULL;
    bool expired = leaf && now_s > time_of(X509_get0_notAfter(leaf));

    if (!leaf || !name_is_covered(&host_names->list[0], leaf) || (expired && p->ca))
        return WORTH_NONE;
    if (expired || p->ca)
        return WORTH_REFUSED;
    return covers_all(leaf, names, host_names) ? WORTH_WANTED : WORTH_MAIN;
}

/* CAs date their certificates back, to midnight at the most; so one from another CA may seem older
 * than it is. */
#define DATED_BACK_S 86400

/* Of two that are as wanted the newer one is, and one that is wanted by its kind: a folder that was
 * put back from a backup may hold an older one than the one that is live. */
static bool is_better(const struct pair *offered, enum worth worth, const struct pair *live,
                      enum worth live_worth)
{
    if (worth != WORTH_WANTED || live_worth != WORTH_WANTED)
        return worth > live_worth;
    return !live->is_acme || (!pair_same(offered, live) &&
                              time_of(X509_get0_notBefore(offered->chain[0])) + DATED_BACK_S >=
                                  time_of(X509_get0_notBefore(live->chain[0])));
}

/* ---- going live ---- */

static void tell_live(const struct pair *p, const struct names *host_names, int64_t now_s,
                      struct report *r)
{
    int64_t begin = time_of(X509_get0_notBefore(p->chain[0]));
    int64_t end = time_of(X509_get0_notAfter(p->chain[0]));
    char issuer[CERTS_TEXT_MAX], date[16], today[16];

    validate_name_text(X509_get_issuer_name(p->chain[0]), issuer);
    report_news(r, "The certificate for %s by %s is served from now on. It is valid until %s.",
                host_names->list[0].text, issuer, validate_date_text(end, date));
    if (now_s < begin)
        report_warning(r,
                       "It is valid from %s only, and this machine's clock says %s. The clock is "
                       "wrong: `timedatectl set-ntp true`",
                       validate_date_text(begin, date), validate_date_text(now_s, today));
}

static int go_live(const struct store *s, struct pair *newest, const struct names *host_names,
                   int64_t now_s, struct report *r, bool *ret_changed)
{
    int error;

    newest->is_acme = true;
    error = store_put_pair(s, newest);
    if (error < 0) {
        report_fault(r,
                     "The certificate of the CA could not be put into %s: %s. `df -h %s` and `ls "
                     "-l %s` show whether it can be written.",
                     s->path, strerror(-error), s->path, s->path);
        return error;
    }
    *ret_changed = true;
    tell_live(newest, host_names, now_s, r);
    return 0;
}

/* ---- until there is one ---- */

/* A live pair of a CA stays. */
static void tell_stay(const struct pair *live, enum worth worth, const struct names *host_names,
                      int64_t now_s, struct report *r)
{
    char date[16], today[16];

    if (worth == WORTH_REFUSED)
        report_warning(r,
                       "The certificate being served expired on %s, and this machine's clock says "
                       "%s. It stays in service until the CA has issued another one; a self-signed "
                       "one would be refused as well. `visavis cert status` tells what keeps it.",
                       validate_date_text(time_of(X509_get0_notAfter(live->chain[0])), date),
                       validate_date_text(now_s, today));
    else if (worth == WORTH_MAIN)
        report_warning(r,
                       "The certificate being served is good for %s, but not for all of the names "
                       "that are wanted. It stays in service until the CA has issued another one.",
                       host_names->list[0].text);
    else
        report_warning(r, "The certificate that was served before stays in service until the CA "
                          "has issued one.");
}

static int bridge(const struct store *s, const struct names *host_names, int64_t now_s,
                  struct report *r, bool *ret_changed)
{
    int error = selfsigned_ensure(s, host_names, now_s, ANEW_IF_DUE, r, ret_changed);

    if (error < 0)
        return error;
    report_warning(r,
                   *ret_changed
                       ? "A temporary self-signed certificate is served until the CA has issued "
                         "one for %s; browsers warn of it."
                       : "The self-signed certificate stays in service until the CA has issued "
                         "one for %s; browsers warn of it.",
                   host_names->list[0].text);
    return -EINVAL;
}

static void load_newest(const char *folder, struct pair *ret, struct report *r)
{
    struct versions v = acmecert_versions(folder);
    int error = pair_load_current(&v, ret);

    if (error < 0 && error != -ENOENT)
        report_warning(r,
                       "The certificate and key in %s/%s cannot be used: %s. The next renewal "
                       "replaces them: `visavis cert renew`",
                       folder, v.link,
                       error == -EINVAL ? "they are damaged, or do not match" : strerror(-error));
}

/* What is live now: is it what was wanted? Without any that a CA issued, a self-signed one. */
static int judge(const struct store *s, const struct pair *live, enum worth worth,
                 const struct names *host_names, int64_t now_s, struct report *r, bool *ret_changed)
{
    if (worth == WORTH_NONE || live->ca)
        return bridge(s, host_names, now_s, r, ret_changed);
    if (worth == WORTH_WANTED && live->is_acme)
        return 0;
    tell_stay(live, worth, host_names, now_s, r);
    return -EINVAL;
}

int acmecert_ensure(const struct store *s, const char *folder, const char *const *names,
                    const struct names *host_names, int64_t now_s, struct report *r,
                    bool *ret_changed)
{
    struct pair newest, live;
    enum worth worth, offered;
    int error = 0;

    (void) store_load_live(s->path, &live); /* empty when there is none */
    load_newest(folder, &newest, r);
    worth = worth_of(&live, names, host_names, now_s);
    offered = worth_of(&newest, names, host_names, now_s);
    if (is_better(&newest, offered, &live, worth)) {
        error = go_live(s, &newest, host_names, now_s, r, ret_changed);
        if (error == 0)
            error = judge(s, &newest, offered, host_names, now_s, r, ret_changed);
    } else {
        error = judge(s, &live, worth, host_names, now_s, r, ret_changed);
    }
    pair_done(&newest);
    pair_done(&live);
    return error;
}
