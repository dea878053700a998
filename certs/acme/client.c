#include "acme/client.h"

#include "acme/jws.h"
#include "acme/verdict.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TIMEOUT_MS 30000
#define RETRY_MS 1000
#define RETRY_GROWTH 3

struct acme_client {
    struct fetcher fetcher;
    char *directory_url, *ca_file, *user_agent;
    EVP_PKEY *key;
    char *account; /* NULL: none */
    unsigned retry_ms;
    struct nonces nonces;
    int64_t skew_s;
    bool has_directory;
    struct acme_directory directory;
};

/* ---- the client ---- */

struct acme_client *acme_client_free(struct acme_client *c)
{
    if (!c)
        return NULL;
    http_free(c->fetcher.http);
    free(c->directory_url);
    free(c->ca_file);
    free(c->user_agent);
    free(c->account);
    free(c);
    return NULL;
}

static bool copy_text(const char *text, char **ret)
{
    *ret = text ? strdup(text) : NULL;
    return *ret || !text;
}

int acme_client_new(const struct acme_client_config *config, struct acme_client **ret)
{
    struct acme_client *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    r = copy_text(config->directory, &c->directory_url) &&
                copy_text(config->ca_file, &c->ca_file) &&
                copy_text(config->user_agent ? config->user_agent : "visavis", &c->user_agent)
            ? http_new(config->loop, &c->fetcher.http)
            : -ENOMEM;
    if (r < 0) {
        acme_client_free(c);
        return r;
    }
    c->fetcher.loop = config->loop;
    c->fetcher.ca_file = c->ca_file;
    c->fetcher.user_agent = c->user_agent;
    c->fetcher.timeout_ms = config->timeout_ms ? config->timeout_ms : TIMEOUT_MS;
    c->retry_ms = config->retry_ms ? config->retry_ms : RETRY_MS;
    c->key = config->key;
    *ret = c;
    return 0;
}

int64_t acme_client_skew_s(const struct acme_client *c)
{
    return c->skew_s;
}

int acme_client_set_account(struct acme_client *c, const char *url)
{
    char *copy = NULL;

    if (url && strlen(url) >= ACME_URL_SIZE)
        return -ENAMETOOLONG;
    if (!copy_text(url, &copy))
        return -ENOMEM;
    free(c->account);
    c->account = copy;
    return 0;
}

void acme_client_set_key(struct acme_client *c, EVP_PKEY *key)
{
    c->key = key;
}

int acme_client_wait(struct acme_client *c, uint64_t ms)
{
    return fetch_wait(&c->fetcher, ms);
}

static int64_t now_s(void)
{
    return (int64_t) (clock_wall_ms() / 1000);
}

/* ---- one request, repeated where that helps ---- */

struct job {
    enum acme_step step;
    const char *method, *url;
    const char *payload; /* of signed ones; NULL: POST-as-GET */
    bool is_signed;
    bool is_once;
    unsigned tries; /* after trouble */
    unsigned nonces;
    uint64_t begin_ms;
};

static void take_note(struct acme_client *c, const struct fetched *a)
{
    nonces_put(&c->nonces, a->nonce);
    if (a->has_date)
        c->skew_s = a->date_s - now_s();
}

/* Is it the clock that TLS stumbles over? The server's Date alone is believed without a
 * certificate, and changes nothing but what we say. */
static int fail(struct acme_client *c, const struct job *j, const struct fetched *a,
                struct acme_failure *f)
{
    const struct fetch_request rq = {
        .method = "HEAD", .url = c->directory_url, .any_certificate = true};
    struct fetched dated;
    int r = 0;

    if (a->error == -EPROTO && (a->tls == HTTP_TLS_EXPIRED || a->tls == HTTP_TLS_NOT_YET_VALID)) {
        fetch(&c->fetcher, &rq, &dated);
        if (dated.has_date)
            r = verdict_clock(j->url, now_s(), dated.date_s - now_s(), f);
        fetched_done(&dated);
    }
    return r < 0 ? r : verdict_failure(a, j->step, j->url, now_s(), f);
}

/* Waits before the next try. false: that was enough. */
static bool may_try_again(struct acme_client *c, struct job *j, const struct fetched *a)
{
    uint64_t wait_ms = c->retry_ms;

    if (++j->tries >= ACME_TRIES)
        return false;
    for (unsigned i = 1; i < j->tries; i++)
        wait_ms *= RETRY_GROWTH;
    if (a->error == 0 && a->retry_after_s > 0)
        wait_ms = (uint64_t) a->retry_after_s * 1000;
    return acme_client_wait(c, wait_ms) == 0;
}

static bool may_try_nonce(struct acme_client *c, struct job *j, const struct fetched *a)
{
    if (++j->nonces >= ACME_NONCE_TRIES ||
        clock_ms() - j->begin_ms >= ACME_NONCE_LIMIT_S * UINT64_C(1000))
        return false;
    /* The others are as old or older than the one that was refused. */
    nonces_clear(&c->nonces);
    nonces_put(&c->nonces, a->nonce);
    return true;
}

static int get_nonce(struct acme_client *c, enum acme_step step, char ret[static NONCE_SIZE],
                     struct acme_failure *f);

static int send_signed(struct acme_client *c, const struct job *j, struct fetched *ret,
                       struct acme_failure *f)
{
    char nonce[NONCE_SIZE], *jws = NULL;
    const struct jws_header header = {.nonce = nonce, .url = j->url, .kid = c->account};
    struct fetch_request rq = {.method = "POST", .url = j->url, .once = j->is_once};
    int r = get_nonce(c, j->step, nonce, f);

    if (r < 0)
        return r;
    r = c->key ? jws_sign(c->key, &header, j->payload ? j->payload : "", &jws) : -EINVAL;
    if (r < 0)
        return failure_set(f, FAILURE_LOCAL, j->step, r, j->url,
                           "the request cannot be signed by the key of the account (%s)",
                           strerror(-r));
    rq.body = jws;
    fetch(&c->fetcher, &rq, ret);
    free(jws);
    return 0;
}

/* 0 with an answer of whatever kind; an error, and *f, when not even the request could be made. */
static int send_one(struct acme_client *c, const struct job *j, struct fetched *ret,
                    struct acme_failure *f)
{
    const struct fetch_request rq = {.method = j->method, .url = j->url};
    int r = 0;

    if (j->is_signed)
        r = send_signed(c, j, ret, f);
    else
        fetch(&c->fetcher, &rq, ret);
    if (r == 0)
        take_note(c, ret);
    return r;
}

static bool is_https(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0;
}

/* RFC 8555 section 6.1: what a CA is asked by TLS is asked by TLS alone, wherever it sends us. */
static int refuse_plain(const struct acme_client *c, const struct job *j, struct acme_failure *f)
{
    if (!is_https(c->directory_url) || is_https(j->url))
        return 0;
    failure_set(
        f, FAILURE_CA, j->step, -EPROTO, j->url,
        "the CA, which is asked by https, names an address without TLS, which is not asked");
    failure_next(f, "Is ACME_SERVER the directory of the CA? A proxy or firewall on the way must "
                    "not answer in its place.");
    return -EPROTO;
}

/* 0: the answer is 2xx, *ret to be freed. After errors *ret is a description, without a body. */
static int run(struct acme_client *c, struct job *j, struct fetched *ret, struct acme_failure *f)
{
    int r = refuse_plain(c, j, f);

    j->begin_ms = clock_ms();
    while (r == 0) {
        enum verdict v;
        bool again = false;

        r = send_one(c, j, ret, f);
        if (r < 0)
            return r;
        v = verdict_of(ret);
        if (v == VERDICT_OK)
            return 0;
        if (v == VERDICT_NONCE && j->is_signed)
            again = may_try_nonce(c, j, ret);
        else if (v == VERDICT_UNSENT || v == VERDICT_BUSY || (v == VERDICT_UNKNOWN && !j->is_once))
            again = may_try_again(c, j, ret);
        if (!again) {
            r = fail(c, j, ret, f);
            fetched_done(ret);
            return v == VERDICT_UNKNOWN && j->is_once ? -EINPROGRESS : r;
        }
        fetched_done(ret);
    }
    return r;
}

static int get_nonce(struct acme_client *c, enum acme_step step, char ret[static NONCE_SIZE],
                     struct acme_failure *f)
{
    const struct acme_directory *d;
    struct job j = {.step = step, .method = "HEAD"};
    struct fetched a = {0};
    int r;

    if (nonces_take(&c->nonces, ret))
        return 0;
    r = acme_client_directory(c, &d, f);
    if (r < 0)
        return r;
    j.url = d->new_nonce;
    r = run(c, &j, &a, f);
    if (r < 0)
        return r;
    fetched_done(&a);
    if (nonces_take(&c->nonces, ret))
        return 0;
    return failure_set(f, FAILURE_CA, step, -EPROTO, j.url,
                       "the CA's answer has no nonce (Replay-Nonce) that could be used");
}

/* ---- answers ---- */

static void to_answer(struct fetched *a, struct acme_answer *ret)
{
    *ret = (struct acme_answer){.status = a->status,
                                .body = a->body,
                                .len = a->len,
                                .retry_after_s = a->retry_after_s,
                                .n_alternates = a->n_alternates};
    memcpy(ret->content_type, a->content_type, sizeof(ret->content_type));
    memcpy(ret->location, a->location, sizeof(ret->location));
    memcpy(ret->alternates, a->alternates, sizeof(ret->alternates));
}

/* r: what became of it; *ret is empty when that is an error. */
static int give(int r, struct fetched *a, struct acme_answer *ret)
{
    if (ret)
        *ret = (struct acme_answer){.body = NULL};
    if (r < 0)
        return r;
    if (ret)
        to_answer(a, ret);
    else
        fetched_done(a);
    return 0;
}

void acme_answer_done(struct acme_answer *a)
{
    free(a->body);
    a->body = NULL;
}

int acme_answer_unreadable(const struct acme_answer *a, enum acme_step step, const char *url,
                           const char *wanted, const char *why, struct acme_failure *f)
{
    return verdict_unreadable(step, url, a->content_type, bytes_of(a->body, a->len), wanted, why,
                              f);
}

int acme_answer_has_location(const struct acme_answer *a, enum acme_step step, const char *url,
                             struct acme_failure *f)
{
    if (a->location[0])
        return 0;
    return failure_set(f, FAILURE_CA, step, -EPROTO, url,
                       "the CA's answer has no Location that says where the new resource is");
}

/* ---- requests ---- */

int acme_post(struct acme_client *c, enum acme_step step, const char *url, const char *payload,
              struct acme_answer *ret, struct acme_failure *f)
{
    struct job j = {
        .step = step, .method = "POST", .url = url, .payload = payload, .is_signed = true};
    struct fetched a = {0};
    int r = run(c, &j, &a, f);

    return give(r, &a, ret);
}

int acme_post_once(struct acme_client *c, enum acme_step step, const char *url, const char *payload,
                   struct acme_answer *ret, struct acme_failure *f)
{
    struct job j = {.step = step,
                    .method = "POST",
                    .url = url,
                    .payload = payload,
                    .is_signed = true,
                    .is_once = true};
    char location[ACME_URL_SIZE];
    struct fetched a = {0};
    int r = run(c, &j, &a, f);

    if (r != -EINPROGRESS || a.status != 201 || !a.location[0])
        return give(r, &a, ret);
    memcpy(location, a.location, sizeof(location));
    r = acme_post(c, step, location, NULL, ret, f);
    if (r == 0 && ret)
        memcpy(ret->location, location, sizeof(location));
    return r;
}

static bool is_redirect(const struct fetched *a)
{
    return a->error == 0 && a->location[0] &&
           (a->status == 301 || a->status == 302 || a->status == 303 || a->status == 307 ||
            a->status == 308);
}

/* Where a redirect leads, when it may be followed; otherwise an error and *f. */
static int follow(const struct job *j, const struct fetched *a, int n,
                  char to[static ACME_URL_SIZE], struct acme_failure *f)
{
    if (n == ACME_REDIRECTS_MAX)
        return failure_set(f, FAILURE_CA, j->step, -EPROTO, j->url,
                           "the CA redirects more than %d times, at last to %s", ACME_REDIRECTS_MAX,
                           a->location);
    if (is_https(j->url) && !is_https(a->location))
        return failure_set(f, FAILURE_CA, j->step, -EPROTO, j->url,
                           "the CA redirects from https to %s, which is not followed", a->location);
    memcpy(to, a->location, ACME_URL_SIZE);
    return 0;
}

int acme_get(struct acme_client *c, enum acme_step step, const char *url, struct acme_answer *ret,
             struct acme_failure *f)
{
    char there[ACME_URL_SIZE];
    struct job j = {.step = step, .method = "GET", .url = url};
    struct fetched a = {0};
    int r = run(c, &j, &a, f);

    for (int n = 0; r < 0 && is_redirect(&a); n++) {
        r = follow(&j, &a, n, there, f);
        if (r < 0)
            break;
        j = (struct job){.step = step, .method = "GET", .url = there};
        r = run(c, &j, &a, f);
    }
    return give(r, &a, ret);
}

int acme_client_directory(struct acme_client *c, const struct acme_directory **ret,
                          struct acme_failure *f)
{
    struct acme_answer a;
    const char *why;
    int r = 0;

    if (!c->has_directory) {
        r = acme_get(c, STEP_DIRECTORY, c->directory_url, &a, f);
        if (r < 0)
            return r;
        if (acme_directory_parse(bytes_of(a.body, a.len), &c->directory, &why) < 0)
            r = acme_answer_unreadable(&a, STEP_DIRECTORY, c->directory_url, "JSON", why, f);
        c->has_directory = r == 0;
        acme_answer_done(&a);
    }
    if (r == 0)
        r = verdict_clock(c->directory_url, now_s(), c->skew_s, f);
    if (r == 0)
        *ret = &c->directory;
    return r;
}
