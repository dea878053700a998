#include "tests/lib/pebble.h"

#include "acme/fetch.h"
#include "certs/key.h"
#include "tests/lib/ask.h"
#include "tests/lib/child.h"
#include "tests/lib/free_port.h"
#include "tests/lib/tls_identity.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS 30000
#define POLL_MS 20
#define STARTS_MAX 5 /* somebody else may take a port in between */

enum port {
    PORT_ACME,
    PORT_MANAGEMENT,
    PORT_HTTP,
    PORT_TLS,
    PORT_DNS,
    PORT_DNS_MANAGEMENT,
    N_PORTS
};

struct pebble {
    struct pebble_config c;
    struct child *ca, *dns;
    uint16_t ports[N_PORTS];
    char directory[64], dns_address[32], ca_file[CHILD_PATH_SIZE];
};

static int choose_ports(struct pebble *p)
{
    for (size_t i = 0; i < N_PORTS; i++) {
        p->ports[i] = free_port();
        if (p->ports[i] == 0)
            return -EADDRINUSE;
    }
    return 0;
}

static int write_identity(const struct pebble *p)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "::1", NULL};
    struct tls_identity t;
    char *ca, *cert, *key;
    int r = tls_identity_make(names, 0, &t);

    if (r < 0)
        return r;
    ca = tls_identity_ca(&t);
    cert = tls_identity_cert(&t);
    key = key_to_pem(t.key);
    r = child_write(p->ca, "ca.pem", "%s", ca);
    if (r == 0)
        r = child_write(p->ca, "srv.pem", "%s", cert);
    if (r == 0)
        r = child_write(p->ca, "srv.key", "%s", key);
    free(ca);
    free(cert);
    key_free_pem(key);
    tls_identity_done(&t);
    return r;
}

static int write_config(const struct pebble *p)
{
    char cert[CHILD_PATH_SIZE], key[CHILD_PATH_SIZE], eab[512] = "";
    const struct pebble_config *c = &p->c;

    if (c->eab_kid)
        snprintf(eab, sizeof(eab), "\"externalAccountMACKeys\": {\"%s\": \"%s\"},", c->eab_kid,
                 c->eab_key);
    return child_write(p->ca, "pebble.json",
                       "{\"pebble\": {\"listenAddress\": \"127.0.0.1:%u\","
                       "\"managementListenAddress\": \"127.0.0.1:%u\","
                       "\"certificate\": \"%s\", \"privateKey\": \"%s\","
                       "\"httpPort\": %u, \"tlsPort\": %u, %s"
                       "\"externalAccountBindingRequired\": %s,"
                       "\"domainBlocklist\": [\"%s\"], \"certificateValidityPeriod\": %u}}",
                       p->ports[PORT_ACME], p->ports[PORT_MANAGEMENT],
                       child_path(p->ca, "srv.pem", cert), child_path(p->ca, "srv.key", key),
                       p->ports[PORT_HTTP], p->ports[PORT_TLS], eab, c->eab_kid ? "true" : "false",
                       c->blocked ? c->blocked : "blocked.invalid",
                       c->life_s ? c->life_s : 7776000);
}

static void set_percent(const char *name, unsigned value)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", value);
    setenv(name, text, 1);
}

/* -ECHILD: it ended. */
static int wait_for_port(struct child *c, uint16_t port)
{
    for (unsigned waited = 0; waited < READY_MS; waited += POLL_MS) {
        int fd = ask_connect_tcp(port);

        if (fd >= 0) {
            close(fd);
            return 0;
        }
        if (child_wait_ready(c, POLL_MS) == -ECHILD)
            return -ECHILD;
    }
    return -ETIMEDOUT;
}

static int start_ca(const struct pebble *p)
{
    char program[] = "/usr/bin/pebble", option[] = "-config", config[CHILD_PATH_SIZE];
    char dns_option[] = "-dnsserver", dns[32];
    char *argv[] = {program, option, config, dns_option, dns, NULL};
    int r;

    child_path(p->ca, "pebble.json", config);
    snprintf(dns, sizeof(dns), "127.0.0.1:%u", p->ports[PORT_DNS]);
    setenv("PEBBLE_VA_NOSLEEP", "1", 1);
    set_percent("PEBBLE_WFE_NONCEREJECT", p->c.nonce_reject);
    set_percent("PEBBLE_AUTHZREUSE", p->c.authz_reuse);
    set_percent("PEBBLE_ALTERNATE_ROOTS", p->c.alternates);
    r = child_start(p->ca, argv);
    return r < 0 ? r : wait_for_port(p->ca, p->ports[PORT_ACME]);
}

static int start_dns(const struct pebble *p)
{
    char program[] = "/usr/bin/pebble-challtestsrv", dns[48], management[48];
    char ipv6[] = "-defaultIPv6=", http[] = "-http01=", https[] = "-https01=",
         alpn[] = "-tlsalpn01=";
    char *argv[] = {program, ipv6, http, https, alpn, dns, management, NULL};
    int r;

    snprintf(dns, sizeof(dns), "-dns01=127.0.0.1:%u", p->ports[PORT_DNS]);
    snprintf(management, sizeof(management), "-management=127.0.0.1:%u",
             p->ports[PORT_DNS_MANAGEMENT]);
    r = child_start(p->dns, argv);
    return r < 0 ? r : wait_for_port(p->dns, p->ports[PORT_DNS_MANAGEMENT]);
}

static int start(struct pebble *p)
{
    int r = choose_ports(p);

    if (r == 0)
        r = child_new("pebble", &p->ca);
    if (r == 0)
        r = child_new("pebble-challtestsrv", &p->dns);
    if (r == 0)
        r = write_identity(p);
    if (r == 0)
        r = write_config(p);
    if (r == 0)
        r = start_dns(p);
    if (r == 0)
        r = start_ca(p);
    snprintf(p->directory, sizeof(p->directory), "https://localhost:%u/dir", p->ports[PORT_ACME]);
    snprintf(p->dns_address, sizeof(p->dns_address), "127.0.0.1:%u", p->ports[PORT_DNS]);
    if (p->ca)
        child_path(p->ca, "ca.pem", p->ca_file);
    return r;
}

static void stop(struct pebble *p)
{
    p->ca = child_free(p->ca);
    p->dns = child_free(p->dns);
}

int pebble_start(const struct pebble_config *c, struct pebble **ret)
{
    struct pebble *p = calloc(1, sizeof(*p));
    int r = -ECHILD;

    if (!p)
        return -ENOMEM;
    p->c = *c;
    for (int n = 0; r == -ECHILD && n < STARTS_MAX; n++) {
        stop(p);
        r = start(p);
    }
    if (r < 0)
        pebble_free(p);
    else
        *ret = p;
    return r;
}

struct pebble *pebble_free(struct pebble *p)
{
    if (!p)
        return NULL;
    stop(p);
    free(p);
    return NULL;
}

int pebble_end(struct pebble *p)
{
    return child_stop(p->ca);
}

int pebble_forget(struct pebble *p)
{
    int r = child_stop(p->ca);

    return r < 0 ? r : start_ca(p);
}

const char *pebble_directory(const struct pebble *p)
{
    return p->directory;
}

const char *pebble_ca_file(const struct pebble *p)
{
    return p->ca_file;
}

uint16_t pebble_http_port(const struct pebble *p)
{
    return p->ports[PORT_HTTP];
}

uint16_t pebble_tls_port(const struct pebble *p)
{
    return p->ports[PORT_TLS];
}

/* The body of a 200, to be freed. */
static char *manage(const struct pebble *p, const char *url, const char *body)
{
    struct fetcher f = {.ca_file = p->ca_file, .user_agent = "test", .timeout_ms = READY_MS};
    const struct fetch_request rq = {.method = body ? "POST" : "GET", .url = url, .body = body};
    struct fetched a = {.error = -EIO};

    if (loop_new(&f.loop) == 0 && http_new(f.loop, &f.http) == 0)
        fetch(&f, &rq, &a);
    http_free(f.http);
    loop_free(f.loop);
    if (a.error == 0 && a.status == 200)
        return a.body;
    fetched_done(&a);
    return NULL;
}

char *pebble_root(const struct pebble *p, unsigned n)
{
    char url[64];

    snprintf(url, sizeof(url), "https://localhost:%u/roots/%u", p->ports[PORT_MANAGEMENT], n);
    return manage(p, url, NULL);
}

const char *pebble_dns(const struct pebble *p)
{
    return p->dns_address;
}

int pebble_add_caa(const struct pebble *p, const char *host, const char *issuer)
{
    char url[64], body[512], *answer;

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/add-caa", p->ports[PORT_DNS_MANAGEMENT]);
    snprintf(body, sizeof(body),
             "{\"host\": \"%s.\", \"policies\": [{\"tag\": \"issue\", \"value\": \"%s\"}]}", host,
             issuer);
    answer = manage(p, url, body);
    free(answer);
    return answer ? 0 : -EIO;
}
