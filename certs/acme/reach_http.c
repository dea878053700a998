#include "acme/printable.h"
#include "acme/reach_internal.h"
#include "acme/redirect.h"

#include "http/http.h"

#include <errno.h>
#include <stdio.h>

#define LIMIT_MS 10000
#define REDIRECTS_MAX 10
#define BODY_MAX 4096 /* more is no proof */
#define SHOWN_MAX 60
#define TRAIL_SIZE 320

/* ---- one request ---- */

struct answer {
    struct loop *loop;
    bool done;
    int error;
    unsigned status;
    char message[256];
    char server[128]; /* "" */
    char location[REDIRECT_URL_SIZE];
    char body[BODY_MAX + 1];
    size_t len;
};

static void on_answer(const struct http_response *rs, void *arg)
{
    struct answer *a = arg;
    const char *server = http_header(rs, "Server", 0);

    a->done = true;
    a->error = rs->error;
    a->status = rs->status;
    snprintf(a->message, sizeof(a->message), "%s", rs->message);
    printable_copy(bytes_str(server ? server : ""), false, a->server, sizeof(a->server));
    if (strlen(rs->location) < sizeof(a->location))
        snprintf(a->location, sizeof(a->location), "%s", rs->location);
    a->len = rs->body.len < BODY_MAX ? rs->body.len : BODY_MAX;
    if (a->len)
        memcpy(a->body, rs->body.p, a->len);
    loop_quit(a->loop, 0);
}

/* -EINTR: somebody else ended the loop. */
static int request(const struct reach_config *c, struct http *http, const char *url,
                   const struct addr *to, struct answer *ret)
{
    char place[ADDR_TEXT_SIZE], agent[256];
    const char *headers[] = {agent, "Accept: */*", NULL};
    struct http_request rq = {.method = "GET",
                              .url = url,
                              .headers = headers,
                              .timeout_ms = LIMIT_MS,
                              .max_body = BODY_MAX,
                              .connect_to = addr_format(to, place),
                              .any_certificate = true};
    struct http_call *call;
    int r;

    *ret = (struct answer){.loop = c->loop};
    snprintf(agent, sizeof(agent), "User-Agent: %s", c->user_agent);
    r = http_start(http, &rq, on_answer, ret, &call);
    if (r < 0) {
        ret->error = r;
        snprintf(ret->message, sizeof(ret->message), "%s", strerror(-r));
        return 0;
    }
    (void) loop_run(c->loop);
    if (ret->done)
        return 0;
    http_cancel(call);
    return -EINTR;
}

/* ---- what came ---- */

/* Blanks and line breaks at the end do not matter (RFC 8555 section 8.3). */
static bool is_proof(const struct answer *a, const struct acme_proof *proof)
{
    size_t len = a->len;

    while (len && strchr(" \t\r\n", a->body[len - 1]))
        len--;
    return a->status == 200 && bytes_eq_str(bytes_of(a->body, len), proof->key_authorization);
}

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 307 || status == 308;
}

static void tell_answer(const struct reach_hop *h, const char *trail, const struct answer *a,
                        struct reach_finding *ret)
{
    static const char next[] =
        "This machine's own web server answers something else than the proof: `visavis doctor` "
        "tells which one has the port, and whether its site is the one that visavis wrote.";
    char what[800], shown[SHOWN_MAX + 1];
    int n = snprintf(what, sizeof(what), "%s", trail);
    size_t len = n > 0 ? (size_t) n : 0;

    printable_copy(bytes_of(a->body, a->len), false, shown, sizeof(shown));
    if (a->error == -EFBIG)
        n = snprintf(what + len, sizeof(what) - len, "a long page came instead of the proof");
    else if (a->error < 0)
        n = snprintf(what + len, sizeof(what) - len, "no HTTP answer came: %s", a->message);
    else if (a->status == 200)
        n = snprintf(what + len, sizeof(what) - len, "\"%s\" came instead of the proof", shown);
    else
        n = snprintf(what + len, sizeof(what) - len, "status %u came instead of the proof",
                     a->status);
    len += n > 0 ? (size_t) n : 0;
    if (*a->server && len < sizeof(what))
        (void) snprintf(what + len, sizeof(what) - len, ", from `Server: %s`", a->server);
    reach_wrong(h, what, next, ret);
}

/* Was there nobody to answer? A reset connection may be a device between as well. */
static bool is_silence(const struct answer *a)
{
    return a->status == 0 && (a->error == -ECONNREFUSED || a->error == -ETIMEDOUT ||
                              a->error == -EHOSTUNREACH || a->error == -ECONNRESET);
}

static void tell_silence(const struct reach_hop *h, const char *trail, const struct answer *a,
                         struct reach_finding *ret)
{
    struct reach_finding x;

    reach_silent(h, a->error, a->message, &x);
    *ret = x;
    (void) snprintf(ret->what, sizeof(ret->what), "%.500s%.500s", trail, x.what);
}

/* ---- redirects ---- */

static void forbid(const char *trail, const char *url, const char *why, struct reach_finding *ret)
{
    *ret = (struct reach_finding){.verdict = REACH_WRONG};
    snprintf(ret->what, sizeof(ret->what), "%.300sredirected to %.300s: %s", trail, url, why);
    snprintf(ret->next, sizeof(ret->next),
             "Let that web server serve /.well-known/acme-challenge/ without a redirect, or with "
             "one that the CA may follow.");
}

/* Where a redirect leads. */
struct target {
    struct redirect url;
    struct acme_id host;
    struct addr to;
};

/* Where the URL's host is: the same host is reached at the same address. Whoever answers at a
 * public one does not send us to services of this machine or its network. 0: found; 1: told in
 * *ret. */
static int find_host(const struct reach_hop *first, const char *trail, struct target *t,
                     struct reach_finding *ret)
{
    struct addr list[REACH_ADDRESSES_MAX] = {first->to};
    size_t n = 1, chosen = 0;
    struct acme_failure f;
    int r = 0;

    if (acme_id_parse(t->url.host, &t->host) < 0 || t->host.is_wildcard) {
        forbid(trail, t->url.url, "that is no host name", ret);
        return 1;
    }
    if (strcmp(t->host.text, first->id->text) != 0)
        r = reach_resolve(first->c, &t->host, list, &n, &f);
    if (r < 0) {
        forbid(trail, t->url.url, f.what, ret);
        if (r != -ENOENT && r != -EREMOTEIO)
            ret->verdict = REACH_UNPROVEN;
        return 1;
    }
    /* A CA prefers IPv6 and goes on with IPv4 where it does not get through. */
    while (chosen + 1 < n && !reach_has_route(&list[chosen]))
        chosen++;
    t->to = list[chosen];
    t->to.port = t->url.port;
    if (addr_is_private(&t->to) && !addr_is_private(&first->to)) {
        forbid(trail, t->url.url, "that is an address that no CA can come to, so it is not asked",
               ret);
        if (!t->host.is_ip) /* the world may know another */
            ret->verdict = REACH_UNPROVEN;
        return 1;
    }
    return 0;
}

/* 0: go on there; 1: told in *ret. */
static int follow(const struct reach_hop *first, const struct answer *a, unsigned n_redirects,
                  char trail[static TRAIL_SIZE], struct target *t, struct reach_finding *ret)
{
    const char *why =
        redirect_parse(a->location, first->c->http_port, first->c->https_port, &t->url);
    char place[ADDR_TEXT_SIZE], shown[160];
    int r;

    printable_copy(bytes_str(a->location), false, shown, sizeof(shown));
    if (!why && n_redirects >= REDIRECTS_MAX)
        why = "a CA follows ten redirects at most, and there are more";
    if (why) {
        forbid(trail, *shown ? shown : "nowhere", why, ret);
        return 1;
    }
    r = find_host(first, trail, t, ret);
    if (r == 0)
        snprintf(trail, TRAIL_SIZE, "redirected to %s (%s), there ", shown,
                 addr_format(&t->to, place));
    return r;
}

/* ---- one address ---- */

static void url_of(const struct reach_hop *h, const struct acme_proof *proof,
                   char url[static REDIRECT_URL_SIZE])
{
    bool ipv6 = h->id->is_ip && h->to.family == AF_INET6;
    char port[8] = "";

    if (h->to.port != 80)
        snprintf(port, sizeof(port), ":%u", h->to.port);
    snprintf(url, REDIRECT_URL_SIZE, "http://%s%s%s%s/.well-known/acme-challenge/%s",
             ipv6 ? "[" : "", h->id->text, ipv6 ? "]" : "", port, proof->token);
}

static int look_from(struct http *http, const struct reach_hop *first,
                     const struct acme_proof *proof, struct reach_finding *ret)
{
    struct reach_hop h = *first;
    char trail[TRAIL_SIZE] = "";
    struct target t = {0};
    struct answer a;

    url_of(&h, proof, t.url.url);
    for (unsigned n = 0;; n++) {
        if (request(h.c, http, t.url.url, &h.to, &a) < 0)
            return -EINTR;
        if (is_silence(&a)) {
            tell_silence(&h, trail, &a, ret);
            return 0;
        }
        if (a.error < 0 || !is_redirect(a.status)) {
            if (a.error < 0 || !is_proof(&a, proof))
                tell_answer(&h, trail, &a, ret);
            return 0;
        }
        if (follow(first, &a, n, trail, &t, ret) != 0)
            return 0;
        reach_hop_init(&h, first->c, &t.host, &t.to);
    }
}

static int look(const struct reach_hop *h, const struct acme_proof *proof,
                struct reach_finding *ret)
{
    struct http *http;
    int r = http_new(h->c->loop, &http);

    if (r < 0) {
        reach_silent(h, r, strerror(-r), ret);
        return 0;
    }
    r = look_from(http, h, proof, ret);
    http_free(http);
    return r;
}

int reach_http(const struct reach_config *c, const struct acme_proof *proof, struct acme_failure *f)
{
    return reach_each(c, proof, c->http_port, look, f);
}
