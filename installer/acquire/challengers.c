#include "acquire/challengers.h"

#include "acme/hook.h"
#include "acme/reach.h"
#include "acme/responder.h"
#include "acme/webroot.h"
#include "acquire/machine.h"
#include "apply/hook_unit.h"
#include "host/accounts.h"
#include "host/paths.h"
#include "host/program.h"
#include "nginx/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define HTTP_OF_A_CA 80
#define HTTPS_OF_A_CA 443
#define DNSAPI "acme-dnsapi"

struct challengers {
    const struct acme_config *config;
    struct fit_input machine;
    struct fit fits[N_CHALLENGE_TYPES];
    struct file_access webroot, socket; /* of proofs; of SITE_ACME_SOCKET */
    bool webroot_is_clear;
    struct dns_servers resolver;
    struct reach_config reach;
    struct responder *http, *tls; /* NULL: not started */

    char dnsapi[PATH_MAX];
    struct hook_unit unit;
    struct hook_config hook_config;
    struct hook *hook;

    struct acme_challenger own[N_CHALLENGE_TYPES];
    const struct acme_challenger *list[N_CHALLENGE_TYPES + 1];
};

static bool can(struct challengers *c, enum acme_challenge_type type, const struct acme_id *id,
                char *why, size_t size)
{
    if (!fit_suits(type, id, why, size))
        return false;
    if (c->fits[type].way != FIT_NOT)
        return true;
    snprintf(why, size, "%s", c->fits[type].why);
    return false;
}

/* ---- http-01 ---- */

static bool can_http(void *arg, const struct acme_id *id, char *why, size_t size)
{
    return can(arg, CHALLENGE_HTTP_01, id, why, size);
}

static int put_file(struct challengers *c, const struct acme_proof *proof, struct acme_failure *f)
{
    int r;

    /* Nobody else has any there: runs exclude each other by the lock of the vault. */
    if (!c->webroot_is_clear)
        webroot_clear(path_of(PATH_ACME_WEBROOT));
    c->webroot_is_clear = true;
    r = webroot_put(path_of(PATH_ACME_WEBROOT), proof, &c->webroot);
    if (r == 0)
        return 0;
    failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, r, path_of(PATH_ACME_WEBROOT),
                "the proof could not be written: %s", strerror(-r));
    failure_next(f, "`df -h %s` and `ls -l %s` show whether it can.", path_of(PATH_ACME_WEBROOT),
                 path_of(PATH_ACME));
    return r;
}

static int start_http(struct challengers *c, struct acme_failure *f)
{
    int r = responder_new(c->config->loop, RESPONDER_HTTP, &c->http);
    char where[32];

    if (r == 0)
        r = responder_listen(c->http, c->machine.http_port);
    if (r == 0)
        return 0;
    c->http = responder_free(c->http);
    if (r == -EADDRINUSE) { /* since we looked: nginx has the file, others are seen by the check */
        machine_port(c->machine.http_port, &c->machine.http);
        fit_challenges(&c->machine, c->fits);
        if (c->fits[CHALLENGE_HTTP_01].way == FIT_WEBROOT)
            return 0;
    }
    snprintf(where, sizeof(where), "port %u", c->machine.http_port);
    failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, r, where, "it cannot be listened on: %s",
                r == -EADDRINUSE && *c->machine.http.who ? c->machine.http.who : strerror(-r));
    failure_next(f,
                 "Port 80 must lead to this machine's port %u (HTTP_PORT), and nobody else may "
                 "have that.",
                 c->machine.http_port);
    return r;
}

/* Another web server in front that cannot serve files hands on to this socket; those that can have
 * the file, so it does not matter much when it cannot be had. */
static void start_behind(struct challengers *c)
{
    char path[PATH_MAX];

    if (responder_new(c->config->loop, RESPONDER_HTTP, &c->http) < 0)
        return;
    path_join(path, PATH_RUN, SITE_ACME_HTTP_SOCKET);
    if (responder_listen_unix(c->http, path, &c->socket) < 0)
        c->http = responder_free(c->http);
}

static int present_http(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    struct challengers *c = arg;
    int r = put_file(c, proof, f);

    if (r == 0 && c->fits[CHALLENGE_HTTP_01].way == FIT_RESPONDER && !c->http)
        r = start_http(c, f);
    else if (r == 0 && c->machine.layout == PROXY_EXTERNAL && !c->http)
        start_behind(c);
    if (r == 0 && c->http) {
        r = responder_add(c->http, proof);
        if (r < 0)
            failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, r, proof->id->text,
                        "the proof cannot be shown: %s", strerror(-r));
    }
    return r;
}

static void withdraw_http(void *arg, const struct acme_proof *proof)
{
    struct challengers *c = arg;

    webroot_remove(path_of(PATH_ACME_WEBROOT), proof);
    if (c->http)
        responder_remove(c->http, proof);
}

static int check_http(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    struct challengers *c = arg;

    return reach_http(&c->reach, proof, f);
}

/* ---- tls-alpn-01 ---- */

static bool can_tls(void *arg, const struct acme_id *id, char *why, size_t size)
{
    return can(arg, CHALLENGE_TLS_ALPN_01, id, why, size);
}

static int start_tls(struct challengers *c, struct acme_failure *f)
{
    bool by_socket = c->fits[CHALLENGE_TLS_ALPN_01].way == FIT_SOCKET;
    char path[PATH_MAX];
    int r = responder_new(c->config->loop, RESPONDER_TLS_ALPN, &c->tls);

    path_join(path, PATH_RUN, SITE_ACME_SOCKET);
    if (r == 0)
        r = by_socket ? responder_listen_unix(c->tls, path, &c->socket)
                      : responder_listen(c->tls, c->machine.https_port);
    if (r == 0)
        return 0;
    c->tls = responder_free(c->tls);
    return failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, r, by_socket ? path : "port 443",
                       "it cannot be listened on: %s", strerror(-r));
}

static int present_tls(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    struct challengers *c = arg;
    int r = c->tls ? 0 : start_tls(c, f);

    if (r < 0)
        return r;
    r = responder_add(c->tls, proof);
    return r < 0 ? failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, r, proof->id->text,
                               "the proof cannot be shown: %s", strerror(-r))
                 : 0;
}

static void withdraw_tls(void *arg, const struct acme_proof *proof)
{
    struct challengers *c = arg;

    if (c->tls)
        responder_remove(c->tls, proof);
}

static int check_tls(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    struct challengers *c = arg;

    return reach_tls_alpn(&c->reach, proof, f);
}

/* ---- dns-01 ---- */

static bool can_dns(void *arg, const struct acme_id *id, char *why, size_t size)
{
    struct challengers *c = arg;

    return can(c, CHALLENGE_DNS_01, id, why, size) &&
           hook_challenger(c->hook)->can(hook_challenger(c->hook)->arg, id, why, size);
}

static int present_dns(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    const struct acme_challenger *h = hook_challenger(((struct challengers *) arg)->hook);

    return h->present(h->arg, proof, f);
}

static void withdraw_dns(void *arg, const struct acme_proof *proof)
{
    const struct acme_challenger *h = hook_challenger(((struct challengers *) arg)->hook);

    h->withdraw(h->arg, proof);
}

static int open_hook(struct challengers *c, const struct settings *s)
{
    if (c->fits[CHALLENGE_DNS_01].way != FIT_HOOK)
        return 0;
    if (program_find(DNSAPI, c->dnsapi) < 0)
        snprintf(c->dnsapi, sizeof(c->dnsapi), "/usr/lib/visavis/" DNSAPI);
    c->unit = (struct hook_unit){
        .user = settings_text(s, SET_ACME_DNS_HOOK_USER),
        .env_file = settings_text(s, SET_ACME_DNS_ENV),
    };
    c->hook_config = (struct hook_config){
        .loop = c->config->loop,
        .path = settings_text(s, SET_ACME_DNS_HOOK),
        .dnsapi = c->dnsapi,
        .resolver = &c->resolver,
        .visible_limit_s = (unsigned) settings_int(s, SET_ACME_DNS_WAIT),
        .run = hook_unit_run,
        .arg = &c->unit,
    };
    return hook_new(&c->hook_config, &c->hook);
}

/* Why it cannot be matters to those alone who want it. */
static bool is_dns_asked_for(const struct challengers *c)
{
    const struct acme_config *config = c->config;

    if (c->hook || *c->machine.hook ||
        (config->n_types == 1 && config->types[0] == CHALLENGE_DNS_01))
        return true;
    for (size_t i = 0; i < config->ids.n; i++)
        if (config->ids.list[i].is_wildcard)
            return true;
    return false;
}

/* ---- all of them ---- */

static void on_remark(const char *text, void *arg)
{
    const struct challengers *c = arg;

    if (c->config->tell)
        c->config->tell(false, text, c->config->arg);
}

static void fill(struct challengers *c)
{
    size_t n = 0;

    c->reach = (struct reach_config){
        .loop = c->config->loop,
        .resolver = &c->resolver,
        .user_agent = c->config->user_agent,
        .http_port = HTTP_OF_A_CA,
        .https_port = HTTPS_OF_A_CA,
        .own_http_port = c->machine.http_port,
        .own_https_port = c->machine.https_port,
        .remark = on_remark,
        .arg = c,
    };
    c->own[CHALLENGE_HTTP_01] = (struct acme_challenger){
        CHALLENGE_HTTP_01, can_http, present_http, withdraw_http, check_http, c};
    c->own[CHALLENGE_TLS_ALPN_01] = (struct acme_challenger){
        CHALLENGE_TLS_ALPN_01, can_tls, present_tls, withdraw_tls, check_tls, c};
    c->own[CHALLENGE_DNS_01] =
        (struct acme_challenger){CHALLENGE_DNS_01, can_dns, present_dns, withdraw_dns, NULL, c};
    for (int t = 0; t < N_CHALLENGE_TYPES; t++)
        if (t != CHALLENGE_DNS_01 || is_dns_asked_for(c))
            c->list[n++] = &c->own[t];
}

int challengers_new(const struct settings *s, const struct acme_config *config,
                    struct challengers **ret)
{
    struct challengers *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    c->config = config;
    machine_look(s, &c->machine);
    fit_challenges(&c->machine, c->fits);
    r = account_access(0640, "root", "visavis-proxy", &c->webroot);
    if (r == 0)
        r = account_access(0660, "root", "visavis-proxy", &c->socket);
    if (r == 0)
        r = dns_servers_of(config->resolver, &c->resolver);
    if (r == 0)
        r = open_hook(c, s);
    if (r < 0) {
        challengers_free(c);
        return r;
    }
    fill(c);
    *ret = c;
    return 0;
}

struct challengers *challengers_free(struct challengers *c)
{
    bool had_ports;

    if (!c)
        return NULL;
    had_ports = c->http || (c->tls && c->fits[CHALLENGE_TLS_ALPN_01].way == FIT_RESPONDER);
    responder_free(c->http);
    responder_free(c->tls);
    hook_free(c->hook);
    if (had_ports && c->machine.layout != PROXY_EXTERNAL)
        machine_revive_nginx();
    free(c);
    return NULL;
}

const struct acme_challenger *const *challengers_list(const struct challengers *c)
{
    return c->list;
}
