#include "acme/caa.h"

#include <stdio.h>
#include <strings.h>

static const char blanks[] = " \t";

static bool is_known(const char *tag)
{
    static const char *const tags[] = {"issue",     "issuewild",    "iodef",
                                       "issuemail", "contactemail", "contactphone"};

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        if (strcmp(tag, tags[i]) == 0)
            return true;
    }
    return false;
}

/* The next part of a value up to ';', without blanks around it. False: there is none. */
static bool next_part(const char **at, struct bytes *ret)
{
    const char *p = *at;
    size_t n;

    if (!p)
        return false;
    n = strcspn(p, ";");
    *at = p[n] ? p + n + 1 : NULL;
    while (n && strchr(blanks, *p)) {
        p++;
        n--;
    }
    while (n && strchr(blanks, p[n - 1]))
        n--;
    *ret = bytes_of(p, n);
    return true;
}

static bool names_issuer(struct bytes domain, const struct caa_request *rq)
{
    for (size_t i = 0; i < rq->n_issuers; i++) {
        if (bytes_caseeq_str(domain, rq->issuers[i]))
            return true;
    }
    return false;
}

/* "dns-01,http-01" */
static bool has_method(struct bytes list, const struct caa_request *rq)
{
    while (list.len) {
        const uint8_t *comma = memchr(list.p, ',', list.len);
        size_t n = comma ? (size_t) (comma - list.p) : list.len;

        for (size_t i = 0; i < rq->n_types; i++) {
            if (bytes_caseeq_str(bytes_of(list.p, n), acme_challenge_names[rq->types[i]]))
                return true;
        }
        list = comma ? bytes_of(comma + 1, list.len - n - 1) : bytes_of(NULL, 0);
    }
    return false;
}

/* Of one record's value: "ISSUER; NAME=VALUE; ...". What is not of this form names nobody. */
static enum caa_result judge_value(const char *value, const struct caa_request *rq)
{
    enum caa_result result = CAA_ALLOWED;
    const char *at = value;
    struct bytes part;

    if (!next_part(&at, &part) || part.len == 0 || !names_issuer(part, rq))
        return CAA_OTHER_ISSUERS;
    while (next_part(&at, &part)) {
        const uint8_t *equals = memchr(part.p, '=', part.len);
        struct bytes name, v;

        if (!equals) {
            if (part.len == 0)
                continue;
            return CAA_OTHER_ISSUERS;
        }
        name = bytes_of(part.p, (size_t) (equals - part.p));
        v = bytes_of(equals + 1, part.len - name.len - 1);
        if (rq->n_types && bytes_caseeq_str(name, "validationmethods") && !has_method(v, rq))
            result = CAA_OTHER_METHODS;
        if (rq->account && bytes_caseeq_str(name, "accounturi") && !bytes_eq_str(v, rq->account))
            result = CAA_OTHER_ACCOUNT;
    }
    return result;
}

static void add_text(char *text, size_t size, const char *value)
{
    size_t len = strlen(text);

    if (*value && strcmp(value, ";") != 0)
        (void) snprintf(text + len, size - len, "%s\"%.200s\"", len ? ", " : "", value);
}

enum caa_result caa_judge(const struct dns_answer *records, const struct caa_request *rq,
                          char *text, size_t size)
{
    enum caa_result result = CAA_OTHER_ISSUERS;
    const char *tag = "issue";
    size_t n = 0;

    *text = '\0';
    for (size_t i = 0; i < records->n; i++) {
        const struct dns_record *r = &records->list[i];

        if (r->critical && !is_known(r->tag)) {
            snprintf(text, size, "%s", r->tag);
            return CAA_UNKNOWN;
        }
        if (rq->wildcard && strcmp(r->tag, "issuewild") == 0)
            tag = "issuewild";
    }
    for (size_t i = 0; i < records->n; i++) {
        const struct dns_record *r = &records->list[i];
        enum caa_result one;

        if (strcmp(r->tag, tag) != 0)
            continue;
        n++;
        one = judge_value(r->text, rq);
        if (one == CAA_ALLOWED)
            return one;
        if (one > result)
            result = one;
        add_text(text, size, r->text);
    }
    return n ? result : CAA_ALLOWED;
}
