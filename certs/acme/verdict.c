#include "acme/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define HOST_SIZE 256
#define BEGINNING 60

static bool is_problem(const struct fetched *a, struct acme_problem *ret)
{
    return a->error == 0 && a->status >= 400 &&
           acme_problem_parse(bytes_of(a->body, a->len), ret) == 0;
}

static bool is_bad_nonce(const struct fetched *a)
{
    struct acme_problem p;

    return a->status < 500 && is_problem(a, &p) && p.type == PROBLEM_BAD_NONCE;
}

enum verdict verdict_of(const struct fetched *a)
{
    switch (a->error) {
    case 0:
        break;
    case -ECONNREFUSED:
    case -EHOSTUNREACH:
        return VERDICT_UNSENT;
    case -ETIMEDOUT:
    case -ECONNRESET:
    case -EIO:
        return VERDICT_UNKNOWN;
    default:
        return VERDICT_END;
    }
    if (a->status >= 200 && a->status < 300)
        return VERDICT_OK;
    if (a->status >= 500)
        return a->retry_after_s > VERDICT_PATIENCE_S ? VERDICT_END : VERDICT_BUSY;
    return is_bad_nonce(a) ? VERDICT_NONCE : VERDICT_END;
}

/* "ca.example.org:14000" of a URL; for commands, so nothing else than a host gets through. */
static const char *host_of(const char *url, char buf[static HOST_SIZE])
{
    const char *begin = strstr(url, "://");
    size_t len = begin ? strspn(begin + 3, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789.-_:[]")
                       : 0;

    if (len == 0 || len >= HOST_SIZE)
        return "the CA";
    memcpy(buf, begin + 3, len);
    buf[len] = '\0';
    return buf;
}

static bool has_port(const char *host)
{
    const char *colon = strrchr(host, ':'), *bracket = strchr(host, ']');

    return colon && (!bracket || colon > bracket);
}

/* ---- no answer ---- */

static const char *const tls_texts[] = {
    [HTTP_TLS_FINE] = "TLS failed",
    [HTTP_TLS_EXPIRED] = "the certificate of the CA's server has expired",
    [HTTP_TLS_NOT_YET_VALID] = "the certificate of the CA's server is not valid yet",
    [HTTP_TLS_UNKNOWN_ISSUER] =
        "the certificate of the CA's server is signed by nobody whom this machine trusts",
    [HTTP_TLS_OTHER_NAME] = "the certificate of the CA's server is for another name",
    [HTTP_TLS_BAD_CERTIFICATE] = "the certificate of the CA's server does not verify",
    [HTTP_TLS_NO_HANDSHAKE] = "what answers there does not speak TLS with us",
};

static int fail_tls(const struct fetched *a, enum acme_step step, const char *url,
                    struct acme_failure *f)
{
    char host[HOST_SIZE];

    failure_set(f, FAILURE_TLS, step, a->error, url, "%s (%s)", tls_texts[a->tls], a->message);
    if (a->tls == HTTP_TLS_UNKNOWN_ISSUER)
        failure_next(f,
                     "Of a public CA: `apt-get install --reinstall ca-certificates`, or a firewall "
                     "on the way opens TLS, which must let %s pass. Of a CA of your own: name a "
                     "file with its root certificate in ACME_CA_FILE.",
                     host_of(url, host));
    else
        failure_next(f,
                     "Look at what answers there: `openssl s_client -connect %s%s </dev/null`. A "
                     "proxy or firewall on the way must not answer in the CA's place.",
                     host_of(url, host), has_port(host_of(url, host)) ? "" : ":443");
    return a->error;
}

static int fail_connection(const struct fetched *a, enum acme_step step, const char *url,
                           struct acme_failure *f)
{
    char host[HOST_SIZE];

    switch (a->error) {
    case -EHOSTUNREACH:
        failure_set(f, FAILURE_UNREACHABLE, step, a->error, url,
                    "the CA's name is not found in the DNS (%s)", a->message);
        failure_next(f,
                     "Try `getent hosts %s`; the name servers of this machine are in "
                     "/etc/resolv.conf.",
                     host_of(url, host));
        break;
    case -ECONNREFUSED:
        failure_set(f, FAILURE_UNREACHABLE, step, a->error, url,
                    "there is no connection to the CA (%s)", a->message);
        failure_next(f, "Try `curl -I https://%s/`; firewalls must let this machine out to it.",
                     host_of(url, host));
        break;
    case -ETIMEDOUT:
        failure_set(f, FAILURE_UNREACHABLE, step, a->error, url, "the CA does not answer (%s)",
                    a->message);
        failure_next(f, "Try `curl -I https://%s/`; firewalls must let this machine out to it.",
                     host_of(url, host));
        break;
    case -ECONNRESET:
        failure_set(f, FAILURE_CA, step, a->error, url,
                    "the connection ended before the CA's answer came (%s)", a->message);
        break;
    case -EIO:
        failure_set(f, FAILURE_CA, step, a->error, url, "the CA's answer is cut off (%s)",
                    a->message);
        break;
    case -EFBIG:
        failure_set(f, FAILURE_CA, step, a->error, url,
                    "the CA's answer is bigger than %d bytes: that is no answer of a CA",
                    ACME_BODY_MAX);
        break;
    case -EBADMSG:
        failure_set(f, FAILURE_CA, step, a->error, url, "what answers there is no web server (%s)",
                    a->message);
        failure_next(f, "Is ACME_SERVER the directory of a CA?");
        break;
    default:
        failure_set(f, FAILURE_LOCAL, step, a->error, url, "the request cannot be made (%s)",
                    a->message);
        if (a->error == -ENOENT)
            failure_next(f, "ACME_CA_FILE is to be a file of root certificates in PEM form.");
        break;
    }
    return a->error;
}

/* ---- an answer of another kind ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The begin of a body as words for people; failure_set() shows control characters as '?'. */
static const char *beginning(struct bytes body, char buf[static BEGINNING + 8])
{
    size_t len = 0;

    for (size_t i = 0; i < body.len && len < BEGINNING; i++) {
        char c = (char) body.p[i];

        if (!is_blank(c) || (len && buf[len - 1] != ' '))
            buf[len++] = is_blank(c) ? ' ' : c;
    }
    buf[len] = '\0';
    return buf;
}

static bool is_kind(struct bytes body, const char *wanted)
{
    while (body.len && is_blank((char) body.p[0]))
        body = bytes_of(body.p + 1, body.len - 1);
    return bytes_starts_with(body, strcmp(wanted, "JSON") == 0 ? "{" : "-----BEGIN");
}

int verdict_unreadable(enum acme_step step, const char *url, const char *content_type,
                       struct bytes body, const char *wanted, const char *why,
                       struct acme_failure *f)
{
    char text[BEGINNING + 8];

    if (is_kind(body, wanted)) {
        return failure_set(f, FAILURE_CA, step, -EPROTO, url,
                           "the CA's answer (%s) cannot be used: %s",
                           *content_type ? content_type : "of no type", why);
    }
    failure_set(f, FAILURE_CA, step, -EPROTO, url, "the answer is %s instead of %s%s%s%s",
                *content_type ? content_type : "of no type", wanted,
                body.len ? ", and begins with \"" : ", and empty", beginning(body, text),
                body.len ? "\"" : "");
    if (step == STEP_DIRECTORY)
        failure_next(f, "Is ACME_SERVER the directory of a CA? A proxy or firewall on the way must "
                        "not answer in the CA's place.");
    return -EPROTO;
}

static enum acme_failure_kind kind_of_status(unsigned status)
{
    if (status == 429)
        return FAILURE_RATE_LIMIT;
    return status >= 500 ? FAILURE_CA : FAILURE_REFUSED;
}

/* A refusal without a problem document. */
static int fail_status(const struct fetched *a, enum acme_step step, const char *url,
                       struct acme_failure *f)
{
    char text[BEGINNING + 8];
    struct bytes body = bytes_of(a->body, a->len);

    if (a->status >= 300 && a->status < 400)
        return failure_set(f, FAILURE_CA, step, -EPROTO, url,
                           "the CA redirects (status %u) to %s, which is not followed", a->status,
                           a->location[0] ? a->location : "nowhere");
    failure_set(f, kind_of_status(a->status), step, -EPROTO, url,
                "the CA answers with status %u%s and no reason (%s%s%s%s)", a->status,
                a->status == 429   ? ", too many requests,"
                : a->status == 503 ? ", out of service,"
                                   : "",
                a->content_type[0] ? a->content_type : "no type", a->len ? ", \"" : ", empty",
                beginning(body, text), a->len ? "\"" : "");
    if (step == STEP_DIRECTORY && a->status < 500 && a->status != 429)
        failure_next(f, "Is ACME_SERVER the directory of a CA?");
    return -EPROTO;
}

int verdict_failure(const struct fetched *a, enum acme_step step, const char *url, int64_t now_s,
                    struct acme_failure *f)
{
    struct acme_problem p;
    int r;

    if (a->error == -EINTR)
        return failure_set(f, FAILURE_LOCAL, step, a->error, url, "%s", a->message);
    if (a->error == -EPROTO)
        return fail_tls(a, step, url, f);
    if (a->error < 0)
        return fail_connection(a, step, url, f);
    r = is_problem(a, &p) ? failure_of_problem(f, step, -EPROTO, url, &p)
                          : fail_status(a, step, url, f);
    if (a->status == 429)
        f->kind = FAILURE_RATE_LIMIT;
    if (a->retry_after_s > 0)
        f->not_before = now_s + a->retry_after_s;
    return r;
}

/* ---- the clock ---- */

static const char *time_text(int64_t at_s, char buf[static 32])
{
    time_t t = at_s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(buf, 32, "%F %T UTC", &tm) == 0)
        snprintf(buf, 32, "%" PRId64, at_s);
    return buf;
}

int verdict_clock(const char *url, int64_t now_s, int64_t skew_s, struct acme_failure *f)
{
    char ours[32], theirs[32];

    if (skew_s <= VERDICT_SKEW_S && skew_s >= -VERDICT_SKEW_S)
        return 0;
    failure_set(f, FAILURE_CLOCK, STEP_CLOCK, -EPROTO, url,
                "the clock of this machine says %s, the CA's server says %s",
                time_text(now_s, ours), time_text(now_s + skew_s, theirs));
    failure_next(f, "Have the clock set: `timedatectl set-ntp true`, and look with `timedatectl`; "
                    "where there is no network time, `timedatectl set-time`.");
    return -EPROTO;
}
